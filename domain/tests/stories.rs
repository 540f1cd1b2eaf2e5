//! Stories: tables of deeds and of the entries each of them leaves.
//!
//! A line that begins with a day is a deed. What stands indented below it is what came of it, word
//! for word: entries (`on` the day they are true, `known` the day they were learned, if another),
//! a refusal, or what was asked to be shown. Entries by time alone stand below the next deed
//! that is not refused: a refused one leaves nothing at all.
//! Upper case names segments, lower case drawdowns; `A'` took over what `A` rolled over.
//!
//! Every story is told three times: with the whole account loaded, with only what each deed needs,
//! and with somebody looking every hour.

mod credits;
mod grants;
mod holds;
mod late_usage;
mod reversals;
mod rollover;

use std::fmt::Write as _;

use domain::book::RestoreExpired;
use domain::grant::Rollover;
use domain::instant::DAY;
use domain::segment::{Parent, Segment};
use domain::{Amount, CreditId, DrawdownId, Instant, SegmentId};

use crate::deeds::{Deed, Keeper, Loads};
use crate::support::{day, read_day, segment, show_day, uuid};

/// Holds a story against the rules.
pub fn tell(story: &str) {
    let mut whole = Keeper::new(Loads::Whole);
    let said = tidy(&retell(story, &mut whole, false));
    assert_eq!(said, tidy(story), "\nthis is what happened:\n{said}\n");

    let mut needed = Keeper::new(Loads::Needed);
    let said = tidy(&retell(story, &mut needed, false));
    assert_eq!(said, tidy(story), "\nwith only what is needed:\n{said}\n");

    let mut watched = Keeper::new(Loads::Whole);
    retell(story, &mut watched, true);
    for books in [&mut whole, &mut needed, &mut watched] {
        books.look(day(1_000));
    }
    assert_eq!(whole.rows(day(1_000)), watched.rows(day(1_000)));
    assert_eq!(whole.rows(day(1_000)), needed.rows(day(1_000)));
}

/// Does the deeds of a story and writes down what comes of them.
fn retell(story: &str, books: &mut Keeper, watched: bool) -> String {
    let mut said = String::new();
    let mut last = day(0);
    for line in story.lines().map(str::trim) {
        let Some((when, what)) = line
            .split_once(char::is_whitespace)
            .filter(|_| is_deed(line))
        else {
            continue;
        };
        let now = read_day(when);
        while watched && last < now {
            last = last.plus_micros(DAY / 24).min(now);
            books.look(last);
        }
        writeln!(said, "{when} {what}").expect("a string takes all");
        let known = books.entries.len();
        let words: Vec<&str> = what.split_whitespace().collect();
        let answer = match words.as_slice() {
            ["look"] => {
                books.look(now);
                None
            }
            ["show", name] => {
                books.look(now);
                Some(show(books, name, now))
            }
            _ => books
                .perform(&read_deed(&words, now), now)
                .err()
                .map(|refusal| {
                    let code = serde_json::to_value(refusal.code).expect("a name");
                    format!("refused {}", code.as_str().expect("a name"))
                }),
        };
        for entry in &books.entries[known..] {
            let name = name_of(books, entry.segment_id);
            let on = show_day(entry.effective_at);
            write!(said, "{} {name} {:+} on {on}", entry.kind, entry.amount).expect("as above");
            if entry.recorded_at != entry.effective_at {
                write!(said, ", known {}", show_day(entry.recorded_at)).expect("as above");
            }
            said.push('\n');
        }
        said.extend(answer.map(|answer| answer + "\n"));
        assert_eq!(books.audit(), Vec::<String>::new(), "{line}");
    }
    said
}

fn is_deed(line: &str) -> bool {
    line.strip_prefix('d')
        .is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()))
}

fn tidy(text: &str) -> String {
    let words = |line: &str| {
        let indent = if is_deed(line.trim()) { "" } else { "    " };
        indent.to_owned() + &line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(words).collect::<Vec<_>>().join("\n")
}

fn show(books: &Keeper, name: &str, now: Instant) -> String {
    if name.starts_with(char::is_uppercase) {
        let it = books
            .segments
            .values()
            .find(|it| name_of(books, it.id) == name)
            .expect("a segment of this name");
        let until = it.window.ends_at.map_or("ever".to_owned(), show_day);
        return format!(
            "{name} {:?} until {until}: {} left, {} held, {} used, {} expired",
            it.status(now),
            it.remaining,
            it.held,
            it.used,
            it.expired()
        );
    }
    let it = books.drawdowns.get(&drawdown(name)).expect("a drawdown");
    let slices = it.slices.iter().map(|slice| {
        let back = match slice.reversed {
            0 => String::new(),
            back => format!(" back {back}"),
        };
        format!(
            "{} {}{back}",
            name_of(books, slice.segment_id),
            slice.amount
        )
    });
    let slices: Vec<String> = slices.collect();
    format!(
        "{name} {} applied {}, short {}, released {}, reversed {}: {}",
        it.status,
        it.applied,
        it.shortfall,
        it.released,
        it.reversed,
        slices.join(" and ")
    )
    .trim_end_matches([':', ' '])
    .to_owned()
}

fn name_of(books: &Keeper, id: SegmentId) -> String {
    if let Some(rolled) = books.rolled_over.iter().find(|it| it.segment_id == id) {
        return name_of(books, SegmentId(rolled.from.0)) + "'";
    }
    let number = u8::try_from(id.0.as_u128()).expect("a letter");
    char::from(number).to_string()
}

fn read_deed(words: &[&str], now: Instant) -> Deed {
    match words {
        ["grant", name, amount, rest @ ..] => {
            Deed::Add(Box::new(read_segment(name, amount, rest, now)))
        }
        ["credit", name, amount, rest @ ..] => {
            let mut new = read_segment(name, amount, rest, now);
            new.parent = Parent::Credit(CreditId(uuid(1)));
            Deed::Add(Box::new(new))
        }
        ["draw", name, amount, rest @ ..] => {
            let after = |key: &str| rest.iter().skip_while(|word| **word != key).nth(1);
            Deed::Draw {
                number: usize::from(name.as_bytes()[0]),
                amount: number(amount),
                at: after("at").map_or(now, |at| read_day(at)),
                partial: rest.contains(&"partial"),
                hold_until: after("hold").map(|until| read_day(until)),
            }
        }
        ["capture", name] => Deed::Capture(drawdown(name), None),
        ["capture", name, amount] => Deed::Capture(drawdown(name), Some(number(amount))),
        ["release", name] => Deed::Release(drawdown(name)),
        ["reverse", name, rest @ ..] => {
            let extend = rest.last() == Some(&"extend");
            let amount = rest.first().and_then(|amount| amount.parse().ok());
            let if_expired = if extend {
                RestoreExpired::Extend30Days
            } else {
                RestoreExpired::Forfeit
            };
            Deed::Reverse(drawdown(name), amount, if_expired)
        }
        ["start", name, at] => Deed::MoveStart(letter(name), read_day(at)),
        ["end", name, "now"] => Deed::EndNow(letter(name)),
        ["end", name, "never"] => Deed::MoveEnd(letter(name), None),
        ["end", name, at] => Deed::MoveEnd(letter(name), Some(read_day(at))),
        ["void", name] => Deed::Void(letter(name), false),
        ["void", name, "remainder"] => Deed::Void(letter(name), true),
        ["amend", name, amount] => Deed::Amend(letter(name), number(amount)),
        ["manual", name, amount] => Deed::Manual(letter(name), number(amount), now),
        ["manual", name, amount, "on", at] => {
            Deed::Manual(letter(name), number(amount), read_day(at))
        }
        other => panic!("no deed: {other:?}"),
    }
}

fn read_segment(name: &str, amount: &str, rest: &[&str], now: Instant) -> Segment {
    let mut new = segment(usize::from(name.as_bytes()[0]), number(amount));
    new.window.starts_at = now;
    new.started = false;
    new.created_at = now;
    new.decided_at = now;
    for pair in rest.chunks(2) {
        match pair {
            ["starts", at] => new.window.starts_at = read_day(at),
            ["ends", at] => new.window.ends_at = Some(read_day(at)),
            ["priority", value] => new.priority = value.parse().expect("a number"),
            ["rolls", cap_until] => {
                let (cap, until) = cap_until.split_once('>').expect("5>d60");
                new.rollover = Some(Rollover {
                    cap: number(cap),
                    priority: 7.0,
                    expires_at: read_day(until),
                });
            }
            other => panic!("a segment has no {other:?}"),
        }
    }
    new
}

fn letter(name: &str) -> SegmentId {
    SegmentId(uuid(usize::from(name.as_bytes()[0])))
}

fn drawdown(name: &str) -> DrawdownId {
    DrawdownId(uuid(usize::from(name.as_bytes()[0])))
}

fn number(text: &str) -> Amount {
    text.parse().expect("a number")
}
