//! Identity by a header that a proxy in front sets, as Kubeflow's gateway does with `kubeflow-userid`.
//!
//! Whoever can send the header is whoever they say. So it counts only from peers that are configured, or
//! together with a secret that the proxy knows.

use std::net::IpAddr;
use std::str::FromStr;

use axum::http::{HeaderMap, HeaderName};

use super::secret::{Secret, digest};

/// How the header is read, and from whom.
#[derive(Debug, Clone)]
pub struct HeaderOptions {
    pub name: HeaderName,
    /// Taken off the value, as `accounts.google.com:`.
    pub prefix: String,
    /// Holds the user's groups, separated by commas.
    pub groups: Option<HeaderName>,
    pub peers: Vec<Network>,
    /// Sent by the proxy in this header; enough from any peer.
    pub secret: Option<(HeaderName, Secret)>,
}

/// Addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Returns whether the address is one of these.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - self.bits).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - self.bits).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no address or network, as 10.0.0.7 or 10.0.0.0/8");
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits > most { Err(wrong()) } else { Ok(Self { address, bits }) }
    }
}

/// Whom a header names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) user: String,
    pub(super) groups: Vec<String>,
}

impl HeaderOptions {
    /// Reads whom the headers name; nobody when the header is not there.
    ///
    /// Errors: why the header does not count.
    pub(super) fn read(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Result<Option<Named>, String> {
        let mut values = headers.get_all(&self.name).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if !self.is_trusted(headers, peer) {
            return Err(format!("the header {} is not accepted from here", self.name));
        }
        if values.next().is_some() {
            return Err(format!("the header {} is there more than once", self.name));
        }
        let user = value.to_str().ok().and_then(|value| value.strip_prefix(&self.prefix));
        let Some(user) = user.map(str::trim).filter(|user| !user.is_empty()) else {
            return Err(format!("the header {} names no user", self.name));
        };
        let groups = self.groups.as_ref().and_then(|name| headers.get(name)?.to_str().ok());
        let groups = groups.unwrap_or_default().split(',').map(str::trim).filter(|group| !group.is_empty());
        Ok(Some(Named { user: user.to_owned(), groups: groups.map(str::to_owned).collect() }))
    }

    fn is_trusted(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> bool {
        let by_secret = self.secret.as_ref().is_some_and(|(name, secret)| {
            // Hashes are compared: how long that takes tells nothing about the secret.
            headers
                .get(name)
                .is_some_and(|given| given.to_str().is_ok_and(|given| digest(given) == digest(&secret.0)))
        });
        by_secret || peer.is_some_and(|peer| self.peers.iter().any(|network| network.contains(peer)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        for (network, address, inside) in [
            ("127.0.0.0/8", "127.3.2.1", true),
            ("127.0.0.0/8", "128.0.0.1", false),
            ("10.0.0.7", "10.0.0.7", true),
            ("10.0.0.7", "10.0.0.8", false),
            ("10.0.0.7", "::ffff:10.0.0.7", true),
            ("0.0.0.0/0", "9.9.9.9", true),
            ("::1", "::1", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "127.0.0.1", false),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), inside, "{network:?} {address}");
        }
        for wrong in ["", "host", "10.0.0.0/33", "10.0.0.0/x", "::/129"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_one_value_from_the_right_peer_counts() {
        let options = HeaderOptions {
            name: HeaderName::from_static("kubeflow-userid"),
            prefix: "accounts:".to_owned(),
            groups: Some(HeaderName::from_static("kubeflow-groups")),
            peers: vec!["10.0.0.0/8".parse().unwrap()],
            secret: Some((HeaderName::from_static("x-proxy-secret"), Secret("hush".to_owned()))),
        };
        let check = |headers: &[(&'static str, &str)], peer: &str, expected: Result<Option<&str>, &str>| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, value.parse().unwrap());
            }
            let found = options.read(&map, peer.parse().ok());
            match (&found, expected) {
                (Ok(found), Ok(user)) => assert_eq!(found.as_ref().map(|it| it.user.as_str()), user),
                (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
                _ => panic!("{headers:?}: {found:?} is not {expected:?}"),
            }
        };
        let ada = ("kubeflow-userid", "accounts:ada@example.org");
        check(&[], "10.1.1.1", Ok(None));
        check(&[ada], "10.1.1.1", Ok(Some("ada@example.org")));
        check(&[ada], "11.1.1.1", Err("not accepted from here"));
        check(&[ada], "unknown", Err("not accepted from here"));
        check(&[ada, ("x-proxy-secret", "hush")], "11.1.1.1", Ok(Some("ada@example.org")));
        check(&[ada, ("x-proxy-secret", "husk")], "11.1.1.1", Err("not accepted from here"));
        check(&[ada, ada], "10.1.1.1", Err("more than once"));
        check(&[("kubeflow-userid", "ada")], "10.1.1.1", Err("names no user"));
        check(&[("kubeflow-userid", "accounts:")], "10.1.1.1", Err("names no user"));
    }
}
