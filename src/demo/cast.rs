//! Who is in the demo: customers, products. All invented.

/// What a customer has signed up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// A contract with tokens included each month, and a large commit beside.
    Enterprise,
    /// Packs that are topped up each month.
    Scale,
    /// A small pack now and then.
    Starter,
    /// A welcome credit.
    Trial,
}

impl Plan {
    /// As the custom fields have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enterprise => "enterprise",
            Self::Scale => "scale",
            Self::Starter => "starter",
            Self::Trial => "trial",
        }
    }
}

/// A customer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    pub slug: &'static str,
    pub name: &'static str,
    pub plan: Plan,
    /// Days ago.
    pub joined: i64,
    pub region: &'static str,
    /// Uses day by day; the others only do what their story says.
    pub habitual: bool,
    /// Also has dollars.
    pub dollars: bool,
}

const fn person(
    slug: &'static str,
    name: &'static str,
    plan: Plan,
    joined: i64,
    region: &'static str,
) -> Person {
    Person {
        slug,
        name,
        plan,
        joined,
        region,
        habitual: true,
        dollars: false,
    }
}

/// One who does only what a story says.
const fn storied(of: Person) -> Person {
    Person {
        habitual: false,
        ..of
    }
}

/// One who also pays in dollars.
const fn dollars(of: Person) -> Person {
    Person {
        dollars: true,
        ..of
    }
}

use Plan::{Enterprise, Scale, Starter, Trial};

/// All customers.
pub(super) const PEOPLE: &[Person] = &[
    person(
        "meridian-health",
        "Meridian Health Systems",
        Enterprise,
        124,
        "us",
    ),
    person("borealis-bank", "Borealis Bank", Enterprise, 124, "eu"),
    person("atlas-freight", "Atlas Freight", Enterprise, 124, "us"),
    person(
        "alpenrose",
        "Alpenrose Versicherung AG",
        Enterprise,
        123,
        "eu",
    ),
    person("northgate", "Northgate Telecom", Enterprise, 123, "us"),
    dollars(person(
        "orchid-media",
        "Orchid Media Group",
        Enterprise,
        123,
        "us",
    )),
    person("fineprint-legal", "Fineprint Legal", Scale, 118, "us"),
    person("quillworks", "Quillworks", Scale, 116, "us"),
    dollars(person(
        "harbor-analytics",
        "Harbor Analytics",
        Scale,
        112,
        "eu",
    )),
    person("cobaltleaf", "Cobaltleaf Labs", Scale, 108, "us"),
    person("tidewater", "Tidewater Robotics", Scale, 103, "us"),
    dollars(person("sundial", "Sundial Commerce", Scale, 97, "eu")),
    person("mosaic-learning", "Mosaic Learning", Scale, 95, "us"),
    person("redwood-desk", "Redwood Support Desk", Scale, 89, "us"),
    dollars(person(
        "larkspur-travel",
        "Larkspur Travel",
        Scale,
        84,
        "eu",
    )),
    person("brightwater", "Brightwater Energy", Scale, 77, "eu"),
    person("vantage", "Vantage Recruiting", Scale, 66, "us"),
    person("saffron", "Saffron Kitchens", Scale, 58, "apac"),
    person("ironbridge", "Ironbridge Security", Scale, 47, "eu"),
    storied(person("kestrel", "Kestrel Analytics", Starter, 100, "eu")),
    person("tiny-turtle", "Tiny Turtle Games", Starter, 98, "us"),
    storied(person("umbra", "Umbra Studio", Starter, 93, "eu")),
    person("fieldnote", "Fieldnote", Starter, 91, "us"),
    person("bluebird", "Bluebird Tutors", Starter, 88, "us"),
    person("cartwheel", "Cartwheel Kids", Starter, 81, "us"),
    storied(person("mortise", "Mortise & Tenon", Starter, 74, "us")),
    storied(person(
        "echo-valley",
        "Echo Valley Podcasts",
        Starter,
        100,
        "us",
    )),
    storied(person(
        "glasshouse",
        "Glasshouse Florists",
        Starter,
        70,
        "eu",
    )),
    person("hummingbird", "Hummingbird CRM", Starter, 63, "us"),
    person("inkwell", "Inkwell Press", Starter, 55, "apac"),
    storied(person("lantern", "Lantern Maps", Starter, 44, "apac")),
    person("moss-stone", "Moss & Stone Architects", Starter, 31, "eu"),
    dollars(person("nimbus", "Nimbus Weather", Starter, 19, "us")),
    storied(person("ada-okafor", "Ada Okafor", Trial, 87, "eu")),
    storied(person(
        "blackbird-lab",
        "Blackbird University NLP Lab",
        Trial,
        73,
        "us",
    )),
    person("cloudberry", "Team Cloudberry", Trial, 52, "eu"),
    person("delta-bikes", "Delta Bikes", Trial, 60, "eu"),
    person("emberly", "Emberly", Trial, 33, "us"),
    person("foxglove", "Foxglove Research", Trial, 16, "us"),
    person("hal-lindqvist", "Hal Lindqvist", Trial, 5, "eu"),
];

/// A product: the name of the step that makes it, its name, its tags.
pub(super) const PRODUCTS: &[(&str, &str, &[&str])] = &[
    ("chat", "Chat completions", &["language", "realtime"]),
    ("embeddings", "Embeddings", &["language", "batchable"]),
    ("batch", "Batch inference", &["language", "batch"]),
    ("image", "Image generation", &["vision", "media"]),
    ("speech", "Speech to text", &["audio", "media"]),
    ("tuning", "Fine-tuning", &["language", "training"]),
];
