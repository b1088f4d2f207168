//! The server that all clients are measured against: hand-written, one thread, a process of its own.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The process of the server; it ends with this.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    process: Child,
}

impl Server {
    /// Starts this very program as the server.
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("--serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("the server has no output")?).read_line(&mut line)?;
        let address = line.trim().parse().map_err(|_| format!("the server said {line:?} instead of its address"))?;
        Ok(Self { address, process })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only for a process that has ended already.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}

/// Is the server, until the program that started it closes its input.
pub(crate) fn serve() -> Result<(), Box<dyn Error>> {
    std::thread::spawn(|| {
        // An error is the end of the input, too.
        let _read = io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(answer(stream));
        }
    })
}

/// Answers every head with the same octets; what is asked for does not matter, and no request has a body.
async fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 16 * 1024];
    let mut filled = 0;
    loop {
        let count = stream.read(&mut buffer[filled..]).await?;
        if count == 0 {
            return Ok(());
        }
        filled += count;
        while let Some(at) = buffer[..filled].windows(4).position(|octets| octets == b"\r\n\r\n") {
            stream.write_all(ANSWER).await?;
            buffer.copy_within(at + 4..filled, 0);
            filled -= at + 4;
        }
    }
}

/// The length of the body in every answer.
pub(crate) const BODY_LENGTH: usize = 13;
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\n\
    server: peers\r\n\
    date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
    content-type: text/plain\r\n\
    content-length: 13\r\n\
    \r\n\
    Hello, World!";
