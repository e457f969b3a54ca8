//! The tree of resources: which children a resource can have, and their paths. Pure.
//!
//! Invariants, kept by every function here: There is one root, at `/`. Every other resource has a parent. Siblings have
//! different names, and at most one of them is a variable. `{name+}` has no children. A path is the parent's path plus
//! the own part.

use super::ids::ResourceId;
use super::resource::Resource;
use crate::apis::error::{BadRequest, Conflict, Error, NotFound};
use crate::apis::patch::{PatchOperation, replace_only};

/// The path of a child `part` of `parent_id`, if the tree allows it. `own` is the resource itself if it exists already
/// and is moved.
pub(crate) fn child_path(
    resources: &[Resource],
    parent_id: &ResourceId,
    part: &str,
    own: Option<&ResourceId>,
) -> Result<String, Error> {
    let parent = find(resources, parent_id)?;
    check_path_part(part)?;
    if let Some(greedy) = parent.path_part.as_deref().filter(|part| is_greedy(part)) {
        return Err(BadRequest::ChildOfGreedy(greedy.to_owned()).into());
    }
    let siblings = resources.iter().filter(|r| r.parent_id.as_ref() == Some(parent_id) && Some(&r.id) != own);
    let mut parts = siblings.filter_map(|sibling| sibling.path_part.as_deref());
    // Two passes, because AWS reports a clash of names before one of variables.
    if parts.clone().any(|there| there == part) {
        return Err(Conflict::ResourceName(part.to_owned()).into());
    }
    if is_variable(part)
        && let Some(there) = parts.find(|there| is_variable(there))
    {
        return Err(BadRequest::VariableSibling(there.to_owned()).into());
    }
    Ok(join(&parent.path, part))
}

/// The resource `id`.
pub(crate) fn find<'r>(resources: &'r [Resource], id: &ResourceId) -> Result<&'r Resource, NotFound> {
    resources.iter().find(|resource| resource.id == *id).ok_or(NotFound::Resource)
}

/// `id` and everything below it, parents before children.
pub(crate) fn subtree(resources: &[Resource], id: &ResourceId) -> Vec<ResourceId> {
    let mut ids = vec![id.clone()];
    let mut next = 0;
    while let Some(parent) = ids.get(next).cloned() {
        let children = resources.iter().filter(|resource| resource.parent_id.as_ref() == Some(&parent));
        ids.extend(children.map(|child| child.id.clone()));
        next += 1;
    }
    ids
}

/// Applies `patches` to the resource `id`. Returns the ids of all resources that have changed.
pub(crate) fn patch_resource(
    resources: &mut [Resource],
    id: &ResourceId,
    patches: &[PatchOperation],
) -> Result<Vec<ResourceId>, Error> {
    find(resources, id)?;
    if patches.is_empty() {
        return Ok(Vec::new());
    }
    for patch in patches {
        let path = replace_only(patch, &["/parentId", "/pathPart"], "[/parentId, /pathPart]")?;
        let resource = find(resources, id)?;
        let (Some(parent), Some(part)) = (resource.parent_id.clone(), resource.path_part.clone()) else {
            let is_move = path == "/parentId";
            let refusal = if is_move { BadRequest::RootParentId } else { BadRequest::RootPathPart };
            return Err(refusal.into());
        };
        let value = patch.value.clone().unwrap_or_default();
        if path == "/parentId" {
            relocate(resources, id, value.into(), part)?;
        } else {
            relocate(resources, id, parent, value)?;
        }
    }
    Ok(subtree(resources, id))
}

fn relocate(
    resources: &mut [Resource],
    id: &ResourceId,
    parent_id: ResourceId,
    part: String,
) -> Result<(), Error> {
    let moved = subtree(resources, id);
    if moved.contains(&parent_id) {
        return Err(BadRequest::CyclicalResources.into());
    }
    let path = child_path(resources, &parent_id, &part, Some(id))?;
    if is_greedy(&part) && 1 < moved.len() {
        return Err(BadRequest::ChildOfGreedy(part).into());
    }
    if let Some(resource) = resources.iter_mut().find(|resource| resource.id == *id) {
        resource.parent_id = Some(parent_id);
        resource.path_part = Some(part);
        resource.path = path;
    }
    for id in moved.iter().skip(1) {
        let path = path_of(resources, id);
        if let (Some(path), Some(resource)) = (path, resources.iter_mut().find(|resource| resource.id == *id))
        {
            resource.path = path;
        }
    }
    Ok(())
}

fn path_of(resources: &[Resource], id: &ResourceId) -> Option<String> {
    let resource = resources.iter().find(|resource| resource.id == *id)?;
    let parent = resources.iter().find(|parent| Some(&parent.id) == resource.parent_id.as_ref())?;
    Some(join(&parent.path, resource.path_part.as_deref()?))
}

fn join(parent: &str, part: &str) -> String {
    format!("{}/{part}", parent.trim_end_matches('/'))
}

/// A literal of `[A-Za-z0-9._:,$-]`, or such a name in braces, with a `+` before the closing one if greedy.
fn check_path_part(part: &str) -> Result<(), BadRequest> {
    let name = match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => name.strip_suffix('+').unwrap_or(name),
        None => part,
    };
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"._-:,$".contains(&b);
    if name.is_empty() || !name.bytes().all(legal) {
        return Err(BadRequest::PathPart);
    }
    Ok(())
}

fn is_variable(part: &str) -> bool {
    part.starts_with('{')
}

fn is_greedy(part: &str) -> bool {
    part.ends_with("+}")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::apis::fixtures::test_rest_api;
    use crate::apis::patch::tests::op;

    fn tree() -> Vec<Resource> {
        let root = Resource {
            id: test_rest_api().root_resource_id,
            parent_id: None,
            path_part: None,
            path: "/".to_owned(),
            methods: BTreeMap::new(),
        };
        vec![root]
    }

    fn add(resources: &mut Vec<Resource>, parent: &str, part: &str) -> Result<ResourceId, String> {
        let parent_id = ResourceId::from(parent);
        let path = child_path(resources, &parent_id, part, None).map_err(|error| error.to_string())?;
        let id = ResourceId::from(format!("r{}", path.replace('/', "-")));
        resources.push(Resource {
            id: id.clone(),
            parent_id: Some(parent_id),
            path_part: Some(part.to_owned()),
            path,
            methods: BTreeMap::new(),
        });
        Ok(id)
    }

    /// Panics unless the resources form a valid tree.
    pub(crate) fn assert_is_tree(resources: &[Resource]) {
        let by_id: BTreeMap<&ResourceId, &Resource> = resources.iter().map(|r| (&r.id, r)).collect();
        assert_eq!(by_id.len(), resources.len(), "ids are unique");
        assert_eq!(resources.iter().filter(|r| r.parent_id.is_none()).count(), 1, "there is one root");
        let mut names = BTreeSet::new();
        let mut variables = BTreeSet::new();
        for resource in resources {
            let Some(parent_id) = &resource.parent_id else {
                assert_eq!((resource.path.as_str(), &resource.path_part), ("/", &None));
                continue;
            };
            let parent = by_id[parent_id];
            let part = resource.path_part.as_deref().unwrap();
            assert_eq!(resource.path, join(&parent.path, part));
            assert!(!parent.path_part.as_deref().is_some_and(is_greedy), "greedy has no children");
            assert!(names.insert((parent_id, part)), "siblings have different names");
            assert!(!is_variable(part) || variables.insert(parent_id), "one variable a parent");
        }
    }

    #[test]
    fn path_parts_have_their_alphabet() {
        for part in ["pets", "a.b_c-d:e,f", "$appliances:all", "$", "{$id:x}", "{id}", "{proxy+}", "v1"] {
            assert!(check_path_part(part).is_ok(), "{part}");
        }
        for part in ["", "a b", "a/b", "{}", "{+}", "resource{id}", "{id}x", "{id", "+a", "{a+b}", "ä"] {
            assert!(check_path_part(part).is_err(), "{part}");
        }
    }

    #[test]
    fn siblings_and_greedy_parents_refuse() {
        let mut resources = tree();
        add(&mut resources, "root000000", "{proxy+}").unwrap();
        add(&mut resources, "root000000", "pets").unwrap();
        for (parent, part, message) in [
            ("root000000", "pets", "Another resource with the same parent already has this name: pets"),
            (
                "root000000",
                "{id}",
                "A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed",
            ),
            (
                "root000000",
                "{proxy+}",
                "Another resource with the same parent already has this name: {proxy+}",
            ),
            ("r-{proxy+}", "x", "Cannot create a child of a resource with a greedy path variable: {proxy+}"),
            ("nobody", "x", "Invalid Resource identifier specified"),
        ] {
            assert_eq!(add(&mut resources, parent, part).unwrap_err(), message);
        }
    }

    #[test]
    fn moves_carry_the_subtree_along() {
        let mut resources = tree();
        add(&mut resources, "root000000", "pets").unwrap();
        add(&mut resources, "r-pets", "{id}").unwrap();
        add(&mut resources, "root000000", "zoo").unwrap();
        patch_resource(&mut resources, &"r-pets".into(), &[op("replace /pathPart dogs")]).unwrap();
        let changed =
            patch_resource(&mut resources, &"r-pets".into(), &[op("replace /parentId r-zoo")]).unwrap();
        assert_eq!(changed.len(), 2);
        assert_eq!(find(&resources, &"r-pets-{id}".into()).unwrap().path, "/zoo/dogs/{id}");
        assert_is_tree(&resources);
        for (id, patch, message) in [
            ("r-zoo", "replace /parentId r-pets", "Resources cannot be cyclical."),
            (
                "r-zoo",
                "replace /pathPart {a+}",
                "Cannot create a child of a resource with a greedy path variable: {a+}",
            ),
            ("root000000", "replace /pathPart x", "Root resource cannot update its pathPart."),
            ("root000000", "replace /parentId r-zoo", "Root resource cannot update its parentId."),
            (
                "r-zoo",
                "add /pathPart x",
                "Invalid patch path  '/pathPart' specified for op 'add'. Please choose supported operations",
            ),
            (
                "r-zoo",
                "replace /path x",
                "Invalid patch path  '/path' specified for op 'replace'. Must be one of: [/parentId, /pathPart]",
            ),
        ] {
            let error = patch_resource(&mut resources, &id.into(), &[op(patch)]).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    proptest! {
        #[test]
        fn a_tree_stays_a_tree(steps in prop::collection::vec((0..3u8, any::<u8>(), any::<u8>(), 0..6usize), 1..60)) {
            const PARTS: [&str; 6] = ["a", "b", "{x}", "{y}", "{z+}", "not/legal"];
            let mut resources = tree();
            for (n, (kind, who, whom, part)) in steps.into_iter().enumerate() {
                let pick = |at: u8| resources[usize::from(at) % resources.len()].id.clone();
                let (id, other, before) = (pick(who), pick(whom), resources.clone());
                let done = match kind {
                    0 => match child_path(&resources, &id, PARTS[part], None) {
                        Ok(path) => {
                            resources.push(Resource {
                                id: format!("n{n}").into(),
                                parent_id: Some(id),
                                path_part: Some(PARTS[part].to_owned()),
                                path,
                                methods: BTreeMap::new(),
                            });
                            true
                        }
                        Err(_) => false,
                    },
                    1 => {
                        let patch = op(&format!("replace /parentId {other}"));
                        patch_resource(&mut resources, &id, &[patch]).is_ok()
                    }
                    _ => {
                        let patch = op(&format!("replace /pathPart {}", PARTS[part]));
                        patch_resource(&mut resources, &id, &[patch]).is_ok()
                    }
                };
                prop_assert!(done || resources == before, "what is refused changes nothing");
                assert_is_tree(&resources);
            }
        }
    }
}
