//! A child process that ends with whoever holds it.

use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// A process of its own group, so that Ctrl-C is for its parent alone. Dropped, it is killed and reaped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pid: Pid,
}

impl Process {
    /// Starts it. Each line that it prints is handed to `hear`, on a thread that ends with its output.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start(
        mut command: Command,
        mut hear: impl FnMut(&str) + Send + 'static,
    ) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.process_group(0).spawn()?;
        let pid = Pid::from_child(&child);
        if let Some(output) = child.stdout.take() {
            // It is read to its end, or the process would block when the pipe is full.
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            thread::spawn(move || lines.for_each(|line| hear(&line)));
        }
        Ok(Process { child, pid })
    }

    /// Stops it, and waits until all of its threads stand still.
    ///
    /// # Errors
    /// When it has ended.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        kill_process(self.pid, Signal::STOP)?;
        // Whoever has ended is left to be reaped by its number's owner.
        let how = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        match waitid(WaitId::Pid(self.pid), how)? {
            Some(status) if status.stopped() => Ok(()),
            _ => Err(io::Error::other("it has ended")),
        }
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it has ended.
    pub(super) fn go_on(&self) -> io::Result<()> {
        Ok(kill_process(self.pid, Signal::CONT)?)
    }

    /// How it ended by itself, if it did.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    #[cfg(test)]
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It takes effect on stopped processes too. One that has ended and was reaped is not another's.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn sleeper() -> Process {
        let mut command = Command::new("sleep");
        command.arg("600");
        Process::start(command, |_| ()).expect("there is such a command")
    }

    fn runs(id: u32) -> bool {
        let pid = Pid::from_raw(id.cast_signed()).expect("not zero");
        rustix::process::test_kill_process(pid).is_ok()
    }

    #[test]
    fn what_is_dropped_is_killed_and_reaped() {
        let process = sleeper();
        let id = process.id();
        assert!(runs(id));
        drop(process);
        assert!(!runs(id), "neither alive nor a zombie");
    }

    #[test]
    fn a_panic_leaves_nothing_running() {
        let (send, receive) = mpsc::channel();
        let panicked = thread::spawn(move || {
            let process = sleeper();
            send.send(process.id()).expect("it is awaited");
            panic!("on purpose: the process must not survive this");
        });
        assert!(panicked.join().is_err());
        assert!(!runs(receive.recv().expect("it was started")));
    }

    #[test]
    fn a_stopped_process_is_killed_too() {
        let mut process = sleeper();
        let id = process.id();
        process.stop().expect("it runs");
        drop(process);
        assert!(!runs(id));
    }

    #[test]
    fn what_is_stopped_says_nothing_until_it_goes_on() {
        let (send, receive) = mpsc::channel();
        let mut command = Command::new("sh");
        command.args(["-c", "while :; do echo line; done"]);
        let mut process = Process::start(command, move |_| {
            let _ = send.send(());
        })
        .expect("there is a shell");
        receive.recv().expect("it says something");
        process.stop().expect("it runs");
        // What it had said before is in the pipe and in the channel.
        let quiet = std::time::Duration::from_millis(200);
        while receive.recv_timeout(quiet).is_ok() {}
        process.go_on().expect("it is there");
        receive.recv().expect("it says more");
        assert_eq!(process.ended(), None);
    }

    #[test]
    fn how_it_ended_by_itself_is_known() {
        let (send, receive) = mpsc::channel();
        let mut command = Command::new("sh");
        command.args(["-c", "echo last; exit 3"]);
        let mut process = Process::start(command, move |line| {
            let _ = send.send(line.to_owned());
        })
        .expect("there is a shell");
        assert_eq!(receive.recv().as_deref(), Ok("last"));
        let status = loop {
            if let Some(status) = process.ended() {
                break status;
            }
            thread::yield_now();
        };
        assert_eq!(status.code(), Some(3));
        assert!(process.stop().is_err());
    }
}
