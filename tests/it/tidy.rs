//! Properties of the code itself: the layer picture, file sizes, leftovers.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use keywright::config::{Config, Mode};

/// Who may name whom. A layer missing from a row is a forbidden arrow.
const LAYERS: &[(&str, &[&str])] = &[
    ("webauthn", &[]),
    ("store", &[]),
    ("telemetry", &[]),
    ("config", &[]),
    ("forge", &[]),
    ("tenant", &["webauthn"]),
    ("actor", &["tenant", "webauthn", "store", "telemetry"]),
    ("http", &["actor", "tenant", "webauthn", "telemetry"]),
    (
        "app",
        &[
            "http",
            "actor",
            "tenant",
            "webauthn",
            "store",
            "telemetry",
            "config",
        ],
    ),
    ("cli", &["app", "config", "forge", "telemetry"]),
];

const FILE_LINES_MAX: usize = 500;
const SCRIPT_LINES_MAX: usize = 700;

#[test]
fn arrows_point_down() {
    let mut errors = Vec::new();
    for (layer, allowed) in LAYERS {
        for file in layer_files(layer) {
            for target in crate_paths(&fs::read_to_string(&file).unwrap()) {
                let is_layer = LAYERS.iter().any(|(name, _)| *name == target);
                let is_forged_for = target == "forge" && is_test(&file);
                let is_allowed = allowed.contains(&target.as_str()) || is_forged_for;
                if is_layer && target != *layer && !is_allowed {
                    errors.push(format!("{}: {layer} must not use {target}", file.display()));
                }
            }
        }
    }
    assert!(errors.is_empty(), "\n{}", errors.join("\n"));
}

#[test]
fn every_folder_is_a_layer() {
    for entry in fs::read_dir("src").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_known = ["lib", "main"].contains(&name.as_str())
            || LAYERS.iter().any(|(layer, _)| *layer == name);
        assert!(
            is_known,
            "{}: say in tidy.rs who may use it",
            path.display()
        );
    }
}

#[test]
fn files_are_small_and_finished() {
    let mut errors = Vec::new();
    for file in ["src", "tests/it", "benches"]
        .iter()
        .flat_map(|folder| files(Path::new(folder), "rs"))
    {
        let text = fs::read_to_string(&file).unwrap();
        let mut complain = |what: &str| errors.push(format!("{}: {what}", file.display()));
        if text.lines().count() > FILE_LINES_MAX {
            complain("too many lines");
        }
        if !text.starts_with("//!") {
            complain("no module comment");
        }
        for leftover in ["FIX\u{4d}E", "#[all\u{6f}w", "#![all\u{6f}w"] {
            if text.contains(leftover) {
                complain(leftover);
            }
        }
    }
    assert!(errors.is_empty(), "\n{}", errors.join("\n"));
}

#[test]
fn scripts_are_small() {
    for file in files(Path::new("src/http/pages/assets"), "js") {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= SCRIPT_LINES_MAX, "{}: {lines}", file.display());
    }
}

#[test]
fn the_binary_is_thin() {
    let lines = fs::read_to_string("src/main.rs").unwrap().lines().count();
    assert!(lines <= 40, "{lines}");
}

/// A comment on the same line, or on the line before, and every value parses. Keys without a default are comments.
#[test]
fn every_key_of_the_settings_is_documented_and_parses() {
    let text = fs::read_to_string("config/default.toml").unwrap();
    let mut documented = false;
    for line in text.lines() {
        if let Some((key, _)) = line.split_once(" = ")
            && !line.starts_with('#')
        {
            assert!(documented || line.contains('#'), "{key} is not explained");
        }
        documented = line.contains('#') || (documented && !line.trim().is_empty());
    }
    let given = text.replace(
        "# admin_token = \"…\"",
        "admin_token = \"sixteen characters\"",
    );
    let given = given.replace("# directory = \"…\"", "directory = \"somewhere\"");
    let given = given.replace("# aaguid_names = \"…\"", "aaguid_names = \"names.json\"");
    let given = given.replace("# keys = [\"…\"]", "keys = [\"sixteen characters\"]");
    let given = given.replace(
        "# base_domain = \"…\"",
        "base_domain = \"auth.example.com\"",
    );
    let given = given.replace("# address = \"…\"", "address = \":9464\"");
    let given = given.replace("# endpoint = \"…\"", "endpoint = \"http://127.0.0.1:4318\"");
    let id = "3f1c2e62-8f0b-4f39-a7a1-0c1f5c7d9e42";
    let given = given.replace(
        "# default_tenant = \"…\"",
        &format!("default_tenant = \"{id}\""),
    );
    assert!(!given.contains('…'), "a key that this test does not know");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keywright.toml");
    fs::write(&file, given).unwrap();
    let environment = Config::environment().source(Some(HashMap::new()));
    Config::load(Some(&file), Mode::Real, environment).unwrap();
}

/// The first path segment behind every `crate::`, groups `crate::{a::X, b::{Y, Z}}` included.
fn crate_paths(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for rest in text.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            names.push(first_segment(rest));
            continue;
        };
        let mut depth = 1_u32;
        let mut item_start = true;
        for (position, c) in group.char_indices() {
            if item_start && !c.is_whitespace() {
                names.push(first_segment(&group[position..]));
            }
            item_start = depth == 1 && (c == ',' || item_start && c.is_whitespace());
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    names
}

fn first_segment(path: &str) -> String {
    path.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// Unit tests of any layer may forge what authenticators send.
fn is_test(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "tests")
}

/// A layer is a folder, or a file and perhaps a folder beside it.
fn layer_files(layer: &str) -> Vec<PathBuf> {
    let mut all = files(&Path::new("src").join(layer), "rs");
    all.push(Path::new("src").join(layer).with_extension("rs"));
    all.retain(|file| file.exists());
    all
}

fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(path);
        }
    }
    found
}
