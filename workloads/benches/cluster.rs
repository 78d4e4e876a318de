//! What a real cluster carries: `cargo bench -p dynamometer --bench cluster -- [row] [=seconds]`.
//!
//! `load`: puts of 100 bytes into three nodes on this machine, and into three of etcd where that is installed.
//! `memory`: a node with a million keys, and how long it takes to come back. `soak`: whether a node that is
//! asked the same over and over grows. `kills`: whether what was acknowledged outlives 200 `kill -9`.

mod parts;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dynamometer::luck::{Key, Luck, Purpose};
use parts::http::{Client, Puts};
use parts::nodes::{Cluster, Folder, dyno, etcd, etcd_is_installed};
use tokio::runtime::Runtime;

/// Which node is killed.
const KILLED: Purpose = Purpose::named("which node is killed");

/// How many clients ask at once, each one thing after another.
const CLIENTS: u32 = 32;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let wants = |row: &str| {
        let named = args
            .iter()
            .any(|arg| ["load", "memory", "soak", "kills"].contains(&arg.as_str()));
        args.iter().any(|arg| arg == row) || (!named && ["load", "memory"].contains(&row))
    };
    let told = args
        .iter()
        .find_map(|arg| arg.strip_prefix('=')?.parse().ok());
    let runtime = Runtime::new().expect("this machine has threads");
    runtime.block_on(async {
        if wants("load") {
            load(Duration::from_secs(told.unwrap_or(10))).await;
        }
        if wants("memory") {
            memory(1_000_000).await;
        }
        if wants("kills") {
            kills(told.unwrap_or(200)).await;
        }
        if wants("soak") {
            soak(Duration::from_secs(told.unwrap_or(900))).await;
        }
    });
}

/// All stores in turn, three times, so that a busy moment of the machine meets each.
async fn load(time: Duration) {
    println!("| store | puts/s | p50 ms | p99 ms | p99.9 ms | failed |");
    println!("|---|---:|---:|---:|---:|---:|");
    for _ in 0..3 {
        for sync in [true, false] {
            let folder = Folder::new();
            let cluster = dyno(&folder, 3, sync);
            row(
                if sync { "dynamo" } else { "dynamo, unsynced" },
                &cluster,
                Puts::Dynamo,
                time,
            )
            .await;
            drop(cluster);
            if !etcd_is_installed() {
                println!("| etcd | not installed here | | | | |");
                continue;
            }
            let folder = Folder::new();
            let cluster = etcd(&folder, 3, sync);
            row(
                if sync { "etcd" } else { "etcd, unsynced" },
                &cluster,
                Puts::Etcd,
                time,
            )
            .await;
        }
    }
}

async fn row(name: &str, cluster: &Cluster, puts: Puts, time: Duration) {
    cluster.ready(puts).await;
    let until = Instant::now() + time;
    let clients = (0..CLIENTS).map(|number| {
        let at = cluster.at(number as usize % cluster.len());
        tokio::spawn(putting(at, number, puts, until))
    });
    let clients: Vec<_> = clients.collect();
    let (mut took, mut failed) = (Vec::new(), 0);
    for client in clients {
        let (ok, bad) = client.await.expect("a client does not panic");
        took.extend(ok);
        failed += bad;
    }
    took.sort_unstable();
    let quantile = |thousandths: usize| {
        let at = took.len() * thousandths / 1000;
        took.get(at).map_or(0.0, |took| took.as_secs_f64() * 1e3)
    };
    println!(
        "| {name} | {:.0} | {:.2} | {:.2} | {:.2} | {failed} |",
        took.len() as f64 / time.as_secs_f64(),
        quantile(500),
        quantile(990),
        quantile(999)
    );
}

/// One client: a new key each time, so that nothing has to be read before.
async fn putting(at: String, number: u32, puts: Puts, until: Instant) -> (Vec<Duration>, u64) {
    let (mut took, mut failed) = (Vec::new(), 0);
    let Ok(mut client) = Client::connect(&at).await else {
        return (took, 1);
    };
    for count in 0_u64.. {
        let began = Instant::now();
        if began >= until {
            break;
        }
        let key = format!("c{number}-{count}");
        match client.put(puts, &key, &[b'x'; 100], None).await {
            Ok(status) if status < 300 => took.push(began.elapsed()),
            _ => failed += 1,
        }
    }
    (took, failed)
}

async fn memory(keys: u64) {
    let folder = Folder::new();
    let mut cluster = dyno(&folder, 1, false);
    cluster.ready(Puts::Dynamo).await;
    let began = Instant::now();
    let each = keys / u64::from(CLIENTS);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let at = cluster.at(0);
            tokio::spawn(async move {
                let mut client = Client::connect(&at).await.expect("the node listens");
                for count in 0..each {
                    let key = format!("c{number}-{count}");
                    let put = client.put(Puts::Dynamo, &key, &[b'x'; 100], None).await;
                    assert!(put.is_ok_and(|status| status == 204), "{key}");
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("a client does not panic");
    }
    let filled = began.elapsed();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (size, resident) = (folder.bytes(), cluster.resident(0));
    let began = Instant::now();
    cluster.kill(0);
    cluster.restart(0);
    cluster.ready(Puts::Dynamo).await;
    println!(
        "memory: {} keys of 100 bytes in {:.0} s; {:.0} MB resident, {:.0} MB on disk; back in {:.1} s after kill -9, with {:.0} MB",
        each * u64::from(CLIENTS),
        filled.as_secs_f64(),
        resident as f64 / 1e6,
        size as f64 / 1e6,
        began.elapsed().as_secs_f64(),
        cluster.resident(0) as f64 / 1e6
    );
}

/// Puts go on while one node of five after another is killed, by chance, and started again. Then all that
/// was acknowledged is read at every node.
async fn kills(count: u64) {
    let folder = Folder::new();
    let mut cluster = dyno(&folder, 5, true);
    cluster.ready(Puts::Dynamo).await;
    let at: Arc<[String]> = (0..5).map(|node| cluster.at(node)).collect();
    let going = Arc::new(AtomicBool::new(true));
    let writers: Vec<_> = (0..8)
        .map(|number| tokio::spawn(writing(number, Arc::clone(&at), Arc::clone(&going))))
        .collect();
    let began = Instant::now();
    for kill in 0..count {
        let node = (Luck::new(1).between(Key::named("kill").child(kill), KILLED, 0, 4)) as usize;
        cluster.kill(node);
        tokio::time::sleep(Duration::from_millis(100)).await;
        cluster.restart(node);
        cluster.ready(Puts::Dynamo).await;
    }
    going.store(false, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.expect("a writer does not panic"));
    }
    let mut lost = 0;
    for at in at.iter() {
        let mut client = Client::connect(at).await.expect("the node listens");
        for key in &acknowledged {
            let mut status = client.get(key).await.expect("the node answers").0;
            while status == 503 {
                status = client.get(key).await.expect("the node answers").0;
            }
            lost += u64::from(status != 200);
        }
    }
    println!(
        "kills: {count} of five nodes in {:.0} s, {} acknowledged puts, {lost} reads of five each found nothing",
        began.elapsed().as_secs_f64(),
        acknowledged.len()
    );
    assert_eq!(lost, 0, "what was acknowledged is lost");
    assert!(!acknowledged.is_empty(), "nothing was put");
}

/// Puts new keys at one node after the other, and gives those that were acknowledged.
async fn writing(number: u64, at: Arc<[String]>, going: Arc<AtomicBool>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for count in 0_u64.. {
        if !going.load(Ordering::Relaxed) {
            break;
        }
        let key = format!("w{number}-{count}");
        let Ok(mut client) = Client::connect(&at[(number + count) as usize % at.len()]).await
        else {
            continue;
        };
        let put = client.put(Puts::Dynamo, &key, b"kept", None).await;
        if put.is_ok_and(|status| status == 204) {
            acknowledged.push(key);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    acknowledged
}

/// The same thousand keys, read and replaced over and over.
async fn soak(time: Duration) {
    let folder = Folder::new();
    let cluster = dyno(&folder, 3, true);
    cluster.ready(Puts::Dynamo).await;
    let until = Instant::now() + time;
    for number in 0..8_u64 {
        let at = cluster.at(number as usize % 3);
        tokio::spawn(async move {
            let mut client = Client::connect(&at).await.expect("the node listens");
            for count in 0_u64.. {
                let key = format!("k{}", (number * 125 + count % 125) % 1000);
                let context = client.get(&key).await.ok().and_then(|(_, context)| context);
                let _ = client
                    .put(Puts::Dynamo, &key, &[b'x'; 100], context.as_deref())
                    .await;
            }
        });
    }
    while Instant::now() < until {
        tokio::time::sleep(time / 15).await;
        let resident: Vec<String> = (0..3)
            .map(|node| format!("{:.0}", cluster.resident(node) as f64 / 1e6))
            .collect();
        println!(
            "soak: {} MB resident, {:.0} MB on disk",
            resident.join(", "),
            folder.bytes() as f64 / 1e6
        );
    }
}
