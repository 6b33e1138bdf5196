//! A terminal that a test looks at and types on.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const PATIENCE: Duration = Duration::from_secs(60);

/// Its two sides: ours, and that of the program.
pub fn pair(columns: u16) -> (File, File) {
    let main = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&main).unwrap();
    unlockpt(&main).unwrap();
    let size = Winsize {
        ws_row: 40,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&main, size).unwrap();
    let path = ptsname(&main, Vec::new()).unwrap();
    let side = File::options()
        .read(true)
        .write(true)
        .open(path.to_str().unwrap())
        .unwrap();
    (File::from(main), side)
}

/// A program at a terminal, which is its own: Ctrl-C reaches it.
pub struct AtTerminal {
    main: File,
    chunks: UnboundedReceiver<Vec<u8>>,
    child: Child,
    pub seen: String,
}

impl AtTerminal {
    /// `early` is typed before the program starts.
    pub fn start(command: &Command, early: &str) -> Self {
        let (mut main, side) = pair(80);
        main.write_all(early.as_bytes()).unwrap();
        let told = command.as_std();
        // Tests that run in the background ignore Ctrl-C, and so would all that they start.
        let mut own = Command::new("env");
        own.args(["--default-signal=INT", "setsid", "--ctty", "--wait"])
            .arg(told.get_program())
            .args(told.get_args())
            .current_dir(told.get_current_dir().unwrap())
            .env("TZ", "UTC")
            .env("TERM", "xterm")
            .env_remove("CARGO")
            .stdin(OwnedFd::from(side.try_clone().unwrap()))
            .stdout(OwnedFd::from(side.try_clone().unwrap()))
            .stderr(OwnedFd::from(side))
            .kill_on_drop(true);
        let child = own.spawn().unwrap();
        // Ours must go, or the reader would never see the end.
        drop(own);
        let (sender, chunks) = unbounded_channel();
        let mut reader = main.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The last one who has it open is gone: that is an error, and the end.
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                let _ = sender.send(buffer[..count].to_vec());
            }
        });
        Self {
            main,
            chunks,
            child,
            seen: String::new(),
        }
    }

    /// Reads on until `text` has come once more, and forgets what was before.
    pub async fn until(&mut self, text: &str) {
        let mut fresh = String::new();
        while !fresh.contains(text) {
            let chunk = tokio::time::timeout(PATIENCE, self.chunks.recv()).await;
            let chunk = chunk.ok().flatten();
            let chunk = chunk.unwrap_or_else(|| panic!("{text} is not in\n{}{fresh}", self.seen));
            fresh.push_str(&String::from_utf8_lossy(&chunk));
        }
        self.seen.push_str(&fresh);
    }

    pub fn types(&mut self, keys: &str) {
        self.main.write_all(keys.as_bytes()).unwrap();
    }

    /// All that was seen, and how it ended.
    pub async fn end(mut self) -> (String, ExitStatus) {
        let rest = async {
            while let Some(chunk) = self.chunks.recv().await {
                self.seen.push_str(&String::from_utf8_lossy(&chunk));
            }
            self.child.wait().await.unwrap()
        };
        let status = tokio::time::timeout(PATIENCE, rest).await;
        (self.seen.clone(), status.unwrap())
    }
}
