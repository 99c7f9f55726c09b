//! What is packed is unpacked as it was, and a state of packed rows is the state that plain maps would be.

mod model;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use uuid::Uuid;

use super::super::credential::Credential;
use super::super::event::Event;
use super::super::ids::{CredentialId, TenantId, Timestamp, UserId};
use super::super::settings::Rules;
use super::super::state::TenantState;
use super::super::tests::{given, profile};
use super::super::user::{Profile, User};
use super::bytes::Reader;
use super::common::{Common, MOST};

/// The only thing that the budget of a credential leaves to chance is what people call themselves.
#[test]
fn a_credential_and_its_user_take_less_than_320_bytes() {
    for count in [1_000_u32, 10_000, 100_000] {
        let mut state = given(Vec::new());
        for number in 0..count {
            state.apply(Event::UserSaved(user(number)), u64::from(number));
            let credential = Event::CredentialRegistered(credential(number));
            state.apply(credential, u64::from(number));
        }
        let bytes = state.users.memory() + state.credentials.memory();
        let each = bytes / usize::try_from(count).unwrap();
        assert!(each < 320, "{each} bytes each of {count}");
    }
}

fn user(number: u32) -> User {
    let id = Uuid::from_u128(u128::from(number) << 64 | 0xfeed);
    User {
        profile: Profile {
            id: UserId::parse(&id.to_string()).unwrap(),
            name: format!("user-{number:07}@example.org").into(),
            display_name: format!("User Number {number:07}").into(),
            icon: None,
            email: None,
        },
        internal_id: Uuid::from_u128(u128::from(number) << 32),
        created_at: Timestamp(1_795_000_000_000_000 + u64::from(number)),
    }
}

fn credential(number: u32) -> Credential {
    let mut id = [7; 32];
    id[..4].copy_from_slice(&number.to_be_bytes());
    Credential {
        id: CredentialId::parse(&id).unwrap(),
        user: user(number).profile.id,
        public_key: es256([1; 32], [2; 32]).into(),
        name: "Passkey on this device".into(),
        aaguid: Uuid::from_u128(5),
        attestation_format: "none".into(),
        attestation_verified: false,
        transports: "hybrid,internal".into(),
        counter: number,
        user_verified: true,
        backup_eligible: true,
        backed_up: true,
        is_mfa: false,
        created_at: Timestamp(1_795_000_000_000_000 + u64::from(number)),
        last_used_at: Timestamp(1_795_900_000_000_000),
        backup_eligible_changed: false,
    }
}

fn es256(x: [u8; 32], y: [u8; 32]) -> Vec<u8> {
    let head = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20";
    [&head[..], &x, b"\x22\x58\x20", &y].concat()
}

fn ed25519(x: [u8; 32]) -> Vec<u8> {
    [&b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20"[..], &x].concat()
}

/// Keys in the two forms that are shortened, keys that almost are, and anything.
fn keys() -> impl Strategy<Value = Box<[u8]>> {
    let whole = prop_oneof![
        any::<([u8; 32], [u8; 32])>().prop_map(|(x, y)| es256(x, y)),
        any::<[u8; 32]>().prop_map(ed25519),
    ];
    let spoilt = (whole.clone(), any::<usize>(), any::<u8>(), 0..3).prop_map(
        |(mut key, place, byte, how)| {
            match how {
                0 => {
                    let place = place % key.len();
                    key[place] = byte;
                }
                1 => key.push(byte),
                _ => key.truncate(place % key.len()),
            }
            key
        },
    );
    prop_oneof![whole, spoilt, vec(any::<u8>(), 0..700)].prop_map(Into::into)
}

fn texts() -> impl Strategy<Value = Box<str>> {
    prop_oneof![
        Just(String::new()),
        Just("internal".to_owned()),
        "[a-z,]{1,12}",
        ".{0,90}",
    ]
    .prop_map(Into::into)
}

fn user_ids() -> impl Strategy<Value = UserId> {
    prop_oneof![
        any::<u128>().prop_map(|id| Uuid::from_u128(id).to_string()),
        any::<u128>().prop_map(|id| Uuid::from_u128(id).to_string().to_uppercase()),
        any::<u128>().prop_map(|id| Uuid::from_u128(id).simple().to_string()),
        "[a-z]{1,64}",
        ".{1,16}",
    ]
    .prop_filter_map("too long", |text| UserId::parse(&text))
}

fn users(id: impl Strategy<Value = UserId>) -> impl Strategy<Value = User> {
    let optional = || proptest::option::of(texts());
    let names = (texts(), texts(), any::<bool>(), optional(), optional());
    (id, names, any::<u128>(), 0..20_u64).prop_map(|(id, names, internal_id, created_at)| {
        let (name, display_name, same, icon, email) = names;
        User {
            profile: Profile {
                id,
                display_name: if same { name.clone() } else { display_name },
                name,
                icon,
                email,
            },
            internal_id: Uuid::from_u128(internal_id),
            created_at: Timestamp(created_at),
        }
    })
}

fn credentials(
    id: impl Strategy<Value = CredentialId>,
    user: impl Strategy<Value = UserId>,
) -> impl Strategy<Value = Credential> {
    let whose = (id, user);
    let texts = (texts(), texts(), texts());
    let facts = any::<[bool; 6]>();
    let numbers = (any::<u32>(), 0..20_u64, any::<u64>());
    let aaguid = prop_oneof![0..4_u128, any::<u128>()];
    (whose, keys(), texts, facts, numbers, aaguid).prop_map(
        |((id, user), public_key, texts, facts, numbers, aaguid)| Credential {
            id,
            user,
            public_key,
            name: texts.0,
            aaguid: Uuid::from_u128(aaguid),
            attestation_format: texts.1,
            attestation_verified: facts[0],
            transports: texts.2,
            counter: numbers.0,
            user_verified: facts[1],
            backup_eligible: facts[2],
            backed_up: facts[3],
            is_mfa: facts[4],
            created_at: Timestamp(numbers.1),
            last_used_at: Timestamp(numbers.2),
            backup_eligible_changed: facts[5],
        },
    )
}

fn credential_ids() -> impl Strategy<Value = CredentialId> {
    let lengths = prop_oneof![1..65_usize, 1..1024_usize];
    lengths
        .prop_flat_map(|length| vec(any::<u8>(), length))
        .prop_filter_map("too long", |bytes| CredentialId::parse(&bytes))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Enough of them that some have names and models of their own and some share them.
    #[test]
    fn whatever_a_credential_is_it_reads_back(
        user in users(user_ids()),
        all in vec(credentials(credential_ids(), user_ids()), 1..200),
        revision in any::<u64>(),
    ) {
        let mut state = TenantState::new(TenantId(Uuid::nil()), profile(Rules::DEFAULT));
        state.apply(Event::UserSaved(user.clone()), revision);
        for (number, credential) in all.iter().enumerate() {
            let user = if number % 2 == 0 { &user.profile.id } else { &credential.user };
            let credential = Credential { user: user.clone(), ..credential.clone() };
            state.apply(Event::CredentialRegistered(credential.clone()), revision);
            let stored = state.credential(&credential.id).unwrap();
            assert_eq!(stored.credential(), credential);
            assert_eq!(stored.id(), credential.id);
            assert_eq!(stored.transports(), &*credential.transports);
            assert_eq!(stored.is_mfa(), credential.is_mfa);
            assert_eq!(stored.created_at(), credential.created_at);
            assert_eq!(stored.revision(), revision);
            assert!(stored.is_of(&credential.user));
        }
        let account = state.users.get(&user.profile.id).unwrap();
        assert_eq!(account.user(), user);
        assert_eq!(account.revision(), revision);
        assert_eq!(account.email(), user.profile.email);
    }
}

#[test]
fn nobody_makes_what_is_common_grow() {
    let mut common = Common::<str>::default();
    let long = "x".repeat(65);
    let texts = (0..1_000).map(|number| format!("a name {number}"));
    for text in texts.chain([long]) {
        let mut row = Vec::new();
        common.put(&mut row, &text);
        assert_eq!(common.read(&mut Reader(&row)), text);
    }
    assert_eq!(common.len(), MOST);
    let mut row = Vec::new();
    common.put(&mut row, "a name 7");
    assert_eq!(row, [8]);
}

#[test]
fn a_key_of_a_common_form_takes_its_numbers_only() {
    for (key, length) in [(es256([3; 32], [4; 32]), 65), (ed25519([5; 32]), 33)] {
        let mut row = Vec::new();
        super::key::put(&mut row, &key);
        assert_eq!(row.len(), length);
        assert_eq!(super::key::read(&mut Reader(&row)), key.into());
    }
}
