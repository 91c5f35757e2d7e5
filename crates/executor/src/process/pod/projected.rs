//! Projected volumes: files of several objects, and of the pod itself.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pipewright_engine::Failure;
use pipewright_plan::{FieldFile, PodFact, Projection, Value, VolumeFile};

use super::{CONFIG_MODE, Finder, Pick, SECRET_MODE, refused, sub_path_of};
use crate::objects::ObjectKind;

impl Finder<'_> {
    /// Puts the files of a projected volume together; of two at one path the later is seen.
    pub(super) async fn projected(
        &self,
        parts: &[Projection<String>],
        mode: Option<u32>,
    ) -> Result<Vec<VolumeFile>, Failure> {
        let mut files: BTreeMap<PathBuf, VolumeFile> = BTreeMap::new();
        for part in parts {
            let (kind, name, items, optional) = match part {
                Projection::Secret { name, items, optional } => (ObjectKind::Secret, name, items, *optional),
                Projection::ConfigMap { name, items, optional } => {
                    (ObjectKind::ConfigMap, name, items, *optional)
                }
                Projection::Fields { files: facts } => {
                    for fact in facts {
                        let file = self.fact(fact, mode)?;
                        files.insert(file.path.clone(), file);
                    }
                    continue;
                }
            };
            let usual = if kind == ObjectKind::Secret { SECRET_MODE } else { CONFIG_MODE };
            let Some(entries) = self.entries(kind, name, optional).await? else { continue };
            let pick = Pick { items, mode: mode.unwrap_or(usual), optional };
            files.extend(pick.files(kind, name, &entries)?.into_iter().map(|file| (file.path.clone(), file)));
        }
        Ok(files.into_values().collect())
    }

    fn fact(&self, file: &FieldFile, mode: Option<u32>) -> Result<VolumeFile, Failure> {
        let text = match &file.fact {
            PodFact::Text { text } => text.clone(),
            PodFact::Field { path } => match path.as_str() {
                "metadata.labels" => lines_of(&self.launch.pod.labels),
                "metadata.annotations" => lines_of(&self.launch.pod.annotations),
                path => self.field(path)?,
            },
        };
        let Some(path) = sub_path_of(&file.path)? else {
            return Err(refused("a file of a projected volume has no path".to_owned(), None));
        };
        let mode = file.mode.or(mode).unwrap_or(CONFIG_MODE);
        Ok(VolumeFile { path, content: STANDARD.encode(text), mode })
    }
}

/// Writes all labels or annotations as a file shows them.
fn lines_of(map: &BTreeMap<String, String>) -> String {
    let line = |(key, value): (&String, &String)| format!("{key}={}", Value::from(value.as_str()));
    map.iter().map(line).collect::<Vec<_>>().join("\n")
}
