//! Trusted documents: a folder of files that clients ask for by id, the SHA-256 of the text. Where
//! nothing else is to run, a document in full runs if its text is one of theirs.
//!
//! Look-ups only: what a client sends is never added.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_graphql::parser::parse_query;
use sha2::{Digest, Sha256};

use super::code::{Code, Refused};
use super::parameters::Asked;

/// What a trusted document's file is called.
const ENDING: &str = "graphql";

/// Why there are no trusted documents.
#[derive(Debug, thiserror::Error)]
pub enum DocumentsError {
    /// The folder or a file in it can not be read.
    #[error("cannot read the trusted documents in {path}: {source}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file holds no document.
    #[error("{path} is no GraphQL document: {message}")]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// Nothing could be asked at all.
    #[error("only trusted documents are to run, but there are none: see --trusted-documents")]
    NothingToRun,
}

/// The documents that may be asked for by id. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    by_id: Arc<HashMap<String, String>>,
    only: bool,
}

impl Documents {
    /// The documents in a folder and its folders. `only`: nothing else is to run.
    ///
    /// # Errors
    /// See [`DocumentsError`].
    pub fn read(folder: Option<&Path>, only: bool) -> Result<Self, DocumentsError> {
        let mut by_id = HashMap::new();
        if let Some(folder) = folder {
            walk(folder, &mut by_id)?;
        }
        if only && by_id.is_empty() {
            return Err(DocumentsError::NothingToRun);
        }
        Ok(Self {
            by_id: Arc::new(by_id),
            only,
        })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.by_id.len()
    }

    /// The text of the document that is asked for.
    pub(super) fn text(&self, asked: Asked) -> Result<String, Refused> {
        let Asked { text, id } = asked;
        let Some(text) = text else {
            let id = id.unwrap_or_default();
            // Apollo's clients know it by this very message.
            return self.by_id.get(&id).cloned().ok_or_else(|| {
                Refused::document(Code::PersistedQueryNotFound, "PersistedQueryNotFound")
            });
        };
        if id.is_none() && !self.only {
            return Ok(text);
        }
        let own = id_of(&text);
        if id.is_some_and(|id| id != own) {
            return Err(Refused::parameter(
                "the id is not the SHA-256 of the document that was sent with it",
            ));
        }
        if self.only && !self.by_id.contains_key(&own) {
            return Err(Refused::document(
                Code::PersistedQueryNotFound,
                "only trusted documents run here, and this is none of them",
            ));
        }
        Ok(text)
    }
}

fn walk(folder: &Path, by_id: &mut HashMap<String, String>) -> Result<(), DocumentsError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| DocumentsError::Unreadable { path, source }
    };
    for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        if path.is_dir() {
            walk(&path, by_id)?;
        } else if path.extension().is_some_and(|ending| ending == ENDING) {
            let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
            if let Err(error) = parse_query(&text) {
                let message = error.to_string();
                return Err(DocumentsError::Malformed { path, message });
            }
            by_id.insert(id_of(&text), text);
        }
    }
    Ok(())
}

fn id_of(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "query Viewer { viewer { name } }\n";

    fn documents(only: bool) -> Documents {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("sub")).expect("a folder in it");
        std::fs::write(folder.path().join("sub/viewer.graphql"), TEXT).expect("a file");
        std::fs::write(folder.path().join("notes.txt"), "{").expect("another file");
        Documents::read(Some(folder.path()), only).expect("documents")
    }

    fn ask(documents: &Documents, text: Option<&str>, id: Option<&str>) -> Result<String, String> {
        let asked = Asked {
            text: text.map(str::to_owned),
            id: id.map(str::to_owned),
        };
        documents.text(asked).map_err(|refused| {
            let extensions = refused.errors[0].extensions.clone().expect("extensions");
            extensions.get("code").expect("a code").to_string()
        })
    }

    #[test]
    fn a_trusted_document_is_found_by_the_digest_of_its_text() {
        let trusted = documents(false);
        assert_eq!(trusted.count(), 1);
        let id = id_of(TEXT);
        assert_eq!(id.len(), 64);
        assert_eq!(ask(&trusted, None, Some(&id)), Ok(TEXT.to_owned()));
        assert_eq!(ask(&trusted, Some(TEXT), Some(&id)), Ok(TEXT.to_owned()));
        let unknown = Err("\"PERSISTED_QUERY_NOT_FOUND\"".to_owned());
        assert_eq!(ask(&trusted, None, Some("00")), unknown);
        // Nothing is added by sending it.
        let other = id_of("{ a }");
        assert!(ask(&trusted, Some("{ a }"), Some(&other)).is_ok());
        assert_eq!(ask(&trusted, None, Some(&other)), unknown);
        let wrong = Err("\"BAD_USER_INPUT\"".to_owned());
        assert_eq!(ask(&trusted, Some("{ a }"), Some(&id)), wrong);
    }

    #[test]
    fn where_only_trusted_documents_run_nothing_else_does() {
        let trusted = documents(true);
        assert!(ask(&trusted, Some(TEXT), None).is_ok());
        assert!(ask(&trusted, None, Some(&id_of(TEXT))).is_ok());
        let refused = Err("\"PERSISTED_QUERY_NOT_FOUND\"".to_owned());
        assert_eq!(ask(&trusted, Some("{ a }"), None), refused);
        assert_eq!(ask(&trusted, Some(TEXT.trim()), None), refused);
        assert_eq!(ask(&trusted, Some("{ a }"), Some(&id_of("{ a }"))), refused);
    }

    #[test]
    fn what_is_wrong_with_the_folder_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let empty = Documents::read(Some(folder.path()), true);
        assert!(matches!(empty, Err(DocumentsError::NothingToRun)));
        std::fs::write(folder.path().join("a.graphql"), "{").expect("a file");
        let malformed = Documents::read(Some(folder.path()), false).expect_err("malformed");
        assert!(malformed.to_string().contains("a.graphql"), "{malformed}");
        let missing = Documents::read(Some(Path::new("/no/such/folder")), false);
        let missing = missing.expect_err("missing").to_string();
        assert!(missing.contains("/no/such/folder"), "{missing}");
    }
}
