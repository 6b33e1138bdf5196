//! As much of Lambda's Runtime API as a start needs: it hears the first question and leaves it open.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

const NEXT: &str = "GET /2018-06-01/runtime/invocation/next ";

/// One start's server.
pub struct RuntimeApi {
    address: SocketAddr,
    asked: Receiver<(Instant, String, TcpStream)>,
}

impl RuntimeApi {
    /// # Errors
    /// Where no port can be listened on.
    pub fn listen() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("the Runtime API's stand-in")?;
        let address = listener.local_addr()?;
        let (say, asked) = channel();
        // Ends with the process, or when nobody listens to it any more.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Ok((at, line)) = request_line(&stream) else {
                    continue;
                };
                if say.send((at, line, stream)).is_err() {
                    return;
                }
            }
        });
        Ok(Self { address, asked })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// When the function asked for work. The connection stays open as long as what is returned lives.
    ///
    /// # Errors
    /// Where it asks for nothing in time, or says that it cannot start.
    pub fn first_question(&self, patience: Duration) -> Result<(Instant, TcpStream)> {
        match self.asked.recv_timeout(patience) {
            Ok((at, line, stream)) if line.starts_with(NEXT) => Ok((at, stream)),
            Ok((_, line, _)) => bail!("the function's first request is `{}`", line.trim()),
            Err(RecvTimeoutError::Timeout) => {
                bail!("the function asked for no work in {} s", patience.as_secs())
            }
            Err(RecvTimeoutError::Disconnected) => bail!("the Runtime API's stand-in has ended"),
        }
    }
}

fn request_line(stream: &TcpStream) -> std::io::Result<(Instant, String)> {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok((Instant::now(), line))
}
