//! The `dyno` command.

fn main() -> std::process::ExitCode {
    dynamometer::cli::main()
}
