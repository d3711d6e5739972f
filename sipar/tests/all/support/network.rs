//! Places with a network of their own (network_namespaces(7)), joined by one that only carries packets: what runs in
//! one reaches the others by their addresses, and nothing outside of them. They are gone when dropped.

use super::Ran;
use nix::sched::{CloneFlags, setns};
use std::{
    fs::{self, File},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

/// The one that carries packets.
const HUB: &str = "hub";

/// Networks of this process so far.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Places around a hub. Each has an address in 10.77.0.0/24, from .1 on in the order in which they were named.
pub struct Network {
    id: String,
    places: Vec<&'static str>,
}

impl Network {
    /// Makes them; `None` where this process may not, or `ip` is not there.
    pub fn of(places: &[&'static str]) -> Option<Self> {
        let id = format!("sipar-{}-{}-", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let network = Self { id, places: places.to_vec() };
        let hub = network.name(HUB);
        if !try_ip(&["netns", "add", &hub]) {
            return None;
        }
        ip(&["-n", &hub, "link", "add", "bridge", "type", "bridge"]);
        ip(&["-n", &hub, "link", "set", "bridge", "up"]);
        for (place, number) in places.iter().zip(1_u8..) {
            let name = network.name(place);
            let address = format!("{}/24", network.address(place));
            let port = format!("port{number}");
            ip(&["netns", "add", &name]);
            ip(&["-n", &name, "link", "set", "lo", "up"]);
            let wire = ["link", "add", "wire", "type", "veth", "peer", "name", &port, "netns", &hub];
            ip(&[&["-n", &name], &wire[..]].concat());
            ip(&["-n", &hub, "link", "set", &port, "master", "bridge", "up"]);
            ip(&["-n", &name, "address", "add", &address, "dev", "wire"]);
            ip(&["-n", &name, "link", "set", "wire", "up"]);
        }
        Some(network)
    }

    fn name(&self, place: &str) -> String {
        format!("{}{place}", self.id)
    }

    /// Its address.
    pub fn address(&self, place: &str) -> Ipv4Addr {
        let number = self.places.iter().position(|one| *one == place).expect("a place") + 1;
        Ipv4Addr::new(10, 77, 0, u8::try_from(number).expect("few places"))
    }

    /// Gives a place one more address, whatever network that is of.
    pub fn add_address(&self, place: &str, address: &str) {
        ip(&["-n", &self.name(place), "address", "add", &format!("{address}/32"), "dev", "wire"]);
    }

    /// From this place `address` is reached at that one.
    pub fn add_route(&self, place: &str, address: &str, at: &str) {
        let at = self.address(at).to_string();
        ip(&["-n", &self.name(place), "route", "add", &format!("{address}/32"), "via", &at]);
    }

    /// What runs at this place from now on asks there for names (ip-netns(8)).
    pub fn set_resolver(&self, place: &str, address: &str) {
        let folder = self.files(place);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("resolv.conf"), format!("nameserver {address}\n")).unwrap();
    }

    /// The folder of files that stand in `/etc` at that place alone.
    fn files(&self, place: &str) -> PathBuf {
        Path::new("/etc/netns").join(self.name(place))
    }

    /// The same command, run at that place. It is the same process, so it ends as it would.
    pub fn command(&self, place: &str, command: &Command) -> Command {
        let mut at = Command::new("ip");
        at.args(["netns", "exec", &self.name(place)]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => at.env(name, value),
                None => at.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            at.current_dir(folder);
        }
        at
    }

    /// Does something at that place: the sockets that are opened meanwhile belong there.
    pub fn at<T: Send>(&self, place: &str, work: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(format!("/run/netns/{}", self.name(place))).unwrap();
        thread::scope(|scope| {
            let there = scope.spawn(|| {
                setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
                work()
            });
            there.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Nothing goes from this place to that one any more, so nothing that must be answered comes back either.
    pub fn cut(&self, place: &str, from: &str) {
        ip(&["-n", &self.name(place), "route", "add", "blackhole", &format!("{}/32", self.address(from))]);
    }

    /// It goes again.
    pub fn mend(&self, place: &str, from: &str) {
        ip(&["-n", &self.name(place), "route", "del", "blackhole", &format!("{}/32", self.address(from))]);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for place in self.places.iter().copied().chain([HUB]) {
            // They may never have been made.
            let _removed = fs::remove_dir_all(self.files(place));
            try_ip(&["netns", "del", &self.name(place)]);
        }
    }
}

fn try_ip(arguments: &[&str]) -> bool {
    Command::new("ip").args(arguments).output().is_ok_and(|output| output.status.success())
}

fn ip(arguments: &[&str]) {
    Ran::of(Command::new("ip").args(arguments)).ok();
}
