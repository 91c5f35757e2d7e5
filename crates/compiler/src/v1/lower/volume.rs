//! What stands behind the volumes of a template. Source: v1 semantics 3 and 5.

use pipewright_plan::{FieldFile, KeyFile, PodFact, PodText, Projection, VolumeSource};

use super::container::own_resource;
use super::pod::name_of;
use super::source::unsupported;
use super::text::Interface;
use crate::decode::Context;
use crate::v1::workflow::{
    ContainerSpec, FactFile, HostPath, KeyToPath, KeyedSource, Projected, Volume, Whole,
};

/// Lowers a volume's source, and says whether it may only be read; `spec` is the container that mounts it.
pub(super) fn source(
    interface: &Interface<'_, '_>,
    (spec, volume_name): (&ContainerSpec, &str),
    volume: &Volume,
    cx: &mut Context,
) -> Option<(VolumeSource<PodText>, bool)> {
    if let Some(claim) = &volume.persistent_volume_claim {
        let Some(name) = &claim.claim_name else {
            cx.error("missing-field", claim.span, "the volume names no claim").hint("set `claimName`");
            return None;
        };
        let name = PodText::Text { text: interface.text(name, cx) };
        return Some((VolumeSource::Claim { name }, claim.read_only.unwrap_or_default()));
    }
    for (keyed, is_secret) in [(&volume.secret, true), (&volume.config_map, false)] {
        if let Some(keyed) = keyed {
            return Some((from_keys(interface, keyed, is_secret, cx)?, true));
        }
    }
    if let Some(host) = &volume.host_path {
        return Some((from_host(interface, host, cx)?, false));
    }
    if let Some(projected) = &volume.projected {
        let source = cx
            .within("projected", |cx| cx.within("sources", |cx| from_parts(interface, spec, projected, cx)));
        return Some((source, true));
    }
    if let Some(facts) = &volume.downward_api {
        let files =
            cx.within("downwardAPI", |cx| cx.within("items", |cx| fact_files(spec, &facts.items, cx)));
        let source = VolumeSource::Projected {
            parts: vec![Projection::Fields { files }],
            mode: mode(&facts.default_mode),
        };
        return Some((source, true));
    }
    let others = [
        ("ephemeral", &volume.ephemeral),
        ("nfs", &volume.nfs),
        ("csi", &volume.csi),
        ("gcePersistentDisk", &volume.gce_persistent_disk),
        ("awsElasticBlockStore", &volume.aws_elastic_block_store),
        ("azureDisk", &volume.azure_disk),
        ("azureFile", &volume.azure_file),
        ("cephfs", &volume.cephfs),
        ("glusterfs", &volume.glusterfs),
        ("rbd", &volume.rbd),
        ("flexVolume", &volume.flex_volume),
        ("gitRepo", &volume.git_repo),
    ];
    if let Some((name, field)) = others.into_iter().find_map(|(name, field)| Some((name, field.as_ref()?))) {
        let hint = "use a claim, or mount it on this machine and name the folder by `hostPath`";
        unsupported(cx, name, field.span, hint);
        return None;
    }
    let empty = volume.empty_dir.clone().unwrap_or_default();
    let source = VolumeSource::EmptyDir {
        volume: volume_name.to_owned(),
        memory: empty.medium.is_some_and(|medium| medium.value == "Memory"),
        size_limit: empty.size_limit.map(|limit| limit.value),
    };
    Some((source, false))
}

fn mode(mode: &Option<Whole>) -> Option<u32> {
    mode.as_ref().and_then(|mode| u32::try_from(mode.value?).ok())
}

fn items(spec: &KeyedSource) -> Vec<KeyFile> {
    let item = |item: &KeyToPath| {
        let key = item.key.as_ref()?.value.clone();
        let path = item.path.as_ref().map_or_else(|| key.clone(), |path| path.value.clone());
        Some(KeyFile { key, path, mode: mode(&item.mode) })
    };
    spec.items.iter().filter_map(item).collect()
}

fn from_keys(
    interface: &Interface<'_, '_>,
    spec: &KeyedSource,
    is_secret: bool,
    cx: &mut Context,
) -> Option<VolumeSource<PodText>> {
    let name = spec.secret_name.as_ref().or(spec.name.as_ref());
    let name = name_of(interface, name, spec.span, cx)?;
    let (mode, optional, items) = (mode(&spec.default_mode), spec.optional.unwrap_or_default(), items(spec));
    Some(if is_secret {
        VolumeSource::Secret { name, items, mode, optional }
    } else {
        VolumeSource::ConfigMap { name, items, mode, optional }
    })
}

/// A folder of the machine; whether it may be mounted is known where it runs.
fn from_host(
    interface: &Interface<'_, '_>,
    spec: &HostPath,
    cx: &mut Context,
) -> Option<VolumeSource<PodText>> {
    cx.within("hostPath", |cx| {
        let Some(path) = &spec.path else {
            cx.error("missing-field", spec.span, "nothing says which folder is mounted").hint("set `path`");
            return None;
        };
        let create = match spec.path_type.as_ref().map(|kind| (kind.value.as_str(), kind.span)) {
            None | Some(("" | "Directory", _)) => false,
            Some(("DirectoryOrCreate", _)) => true,
            Some((other, span)) => {
                cx.within("type", |cx| {
                    cx.error("unsupported", span, format!("a volume is a folder, no `{other}`"))
                        .hint("mount the folder around it, with `subPath` if need be");
                });
                return None;
            }
        };
        Some(VolumeSource::Host { path: PodText::Text { text: interface.text(path, cx) }, create })
    })
}

fn from_parts(
    interface: &Interface<'_, '_>,
    spec: &ContainerSpec,
    projected: &Projected,
    cx: &mut Context,
) -> VolumeSource<PodText> {
    let mut parts = Vec::new();
    for (index, part) in projected.sources.iter().enumerate() {
        let lowered = cx.within(format!("[{index}]"), |cx| {
            for (keyed, is_secret) in [(&part.secret, true), (&part.config_map, false)] {
                let Some(keyed) = keyed else { continue };
                let name = keyed.name.as_ref().or(keyed.secret_name.as_ref());
                let name = name_of(interface, name, keyed.span, cx)?;
                let (items, optional) = (items(keyed), keyed.optional.unwrap_or_default());
                return Some(if is_secret {
                    Projection::Secret { name, items, optional }
                } else {
                    Projection::ConfigMap { name, items, optional }
                });
            }
            if let Some(facts) = &part.downward_api {
                let files = cx
                    .within("downwardAPI", |cx| cx.within("items", |cx| fact_files(spec, &facts.items, cx)));
                return Some(Projection::Fields { files });
            }
            let others = [
                ("serviceAccountToken", &part.service_account_token),
                ("clusterTrustBundle", &part.cluster_trust_bundle),
            ];
            match others.into_iter().find_map(|(name, field)| Some((name, field.as_ref()?))) {
                Some((name, field)) => {
                    unsupported(cx, name, field.span, "there is no cluster to ask: use a secret");
                }
                None => {
                    cx.error("missing-field", part.span, "nothing says what is projected")
                        .hint("set `secret`, `configMap` or `downwardAPI`");
                }
            }
            None
        });
        parts.extend(lowered);
    }
    VolumeSource::Projected { parts, mode: mode(&projected.default_mode) }
}

fn fact_files(spec: &ContainerSpec, all: &[FactFile], cx: &mut Context) -> Vec<FieldFile> {
    let mut files = Vec::new();
    for (index, item) in all.iter().enumerate() {
        let file = cx.within(format!("[{index}]"), |cx| {
            let field = item.field_ref.as_ref().and_then(|field| field.field_path.as_ref());
            let fact = match (field, &item.resource_field_ref) {
                (Some(field), _) => Some(PodFact::Field { path: field.value.clone() }),
                (None, Some(resource)) => Some(PodFact::Text { text: own_resource(spec, resource, cx)? }),
                (None, None) => None,
            };
            match (&item.path, fact) {
                (Some(path), Some(fact)) => {
                    Some(FieldFile { path: path.value.clone(), mode: mode(&item.mode), fact })
                }
                _ => {
                    cx.error("missing-field", item.span, "a file wants `path` and what it holds")
                        .hint("set `path`, and `fieldRef.fieldPath` or `resourceFieldRef`");
                    None
                }
            }
        });
        files.extend(file);
    }
    files
}
