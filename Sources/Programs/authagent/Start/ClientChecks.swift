internal import AgentAPI
internal import AuthagentClient
internal import Glibc
internal import System

/// The client's own checks: the socket's path, whether an agent is running, and its version.
///
/// Connects only if the agent's lock is held: connecting to a socket of systemd would start an agent.
struct ClientChecks {
    let environment: [String: String]

    /// Runs the checks; returns them with the agent's own report, if an agent sends one.
    func run() -> ([DoctorCheck], DoctorReport?) {
        var checks = [Self.installed]
        let path: SocketPath
        do throws(AgentClientError) { path = try SocketPath.resolve(environment: environment, user: geteuid()) } catch {
            return (checks + [DoctorCheck(.agentSocket, .problem, error.description, hint: error.hint)], nil)
        }
        checks.append(directory(of: path))
        guard let lock = UserPaths(environment: environment)?.lock else {
            let failure = "HOME is not set"
            checks.append(
                DoctorCheck(.agentRunning, .problem, failure, hint: "set HOME, or XDG_CONFIG_HOME and XDG_STATE_HOME"))
            return (checks, nil)
        }
        do throws(LocalSocketError) { try FileLock.requireUsable(lock) } catch {
            return (checks + [DoctorCheck(.agentRunning, .problem, error.description, hint: error.hint)], nil)
        }
        guard FileLock.isHeld(lock) else { return (checks + [Self.noAgent(path)], nil) }
        do throws(AgentClientError) {
            let (running, report) = try ask(path)
            return (checks + running, report)
        } catch .notListening {
            let holder = FileLock.holder(of: lock).map { " (pid \($0))" } ?? ""
            checks.append(
                DoctorCheck(
                    .agentRunning, .problem, "an agent\(holder) is running, but does not listen at \(path)",
                    hint: "run 'authagent stop': it may have another AUTHAGENT_SOCK or XDG_RUNTIME_DIR"))
        } catch {
            checks.append(DoctorCheck(.agentRunning, .problem, error.description, hint: error.hint))
        }
        return (checks, nil)
    }

    private func ask(_ path: SocketPath) throws(AgentClientError) -> ([DoctorCheck], DoctorReport?) {
        let connection = try AgentConnection(to: path)
        let agent = try connection.ask(.health(within: .seconds(3)))
        let running = DoctorCheck(.agentRunning, .ok, "the agent is running, pid \(agent.pid), \(agent.socket)")
        // An older agent lacks this route, or has other checks.
        let report = try? connection.ask(.doctor)
        let difference = AgentEnvironment.difference(environment, agent).map {
            DoctorCheck(.agentEnvironment, .warning, $0, hint: AgentEnvironment.remedy)
        }
        return ([running, Self.version(of: agent)] + [difference].compactMap(\.self), report)
    }

    static func version(of agent: AgentStatus) -> DoctorCheck {
        guard agent.version == agentVersion else {
            return DoctorCheck(
                .agentVersion, .warning, "the running agent is \(agent.version), installed is \(agentVersion)",
                hint: "run 'authagent stop'; the next command starts the new one"
            )
        }
        return DoctorCheck(.agentVersion, .ok, "the running agent and this client are \(agentVersion)")
    }

    private static var installed: DoctorCheck {
        do { return DoctorCheck(.agentInstalled, .ok, "the daemon is \(try AgentStarter.daemon())") } catch {
            let failure = error as? Failure
            return DoctorCheck(.agentInstalled, .problem, failure?.message ?? "\(error)", hint: failure?.hint)
        }
    }

    /// The agent creates a missing directory at its start, if possible.
    private func directory(of path: SocketPath) -> DoctorCheck {
        if path.isOthers(than: geteuid()) {
            guard path.isKept else {
                return DoctorCheck(
                    .agentSocket, .problem,
                    "\(path) is not protected: users other than root and the agent's can replace it",
                    hint: "look at 'ls -ld \(path) \(path.directory)': others may write there, or no agent listens"
                )
            }
            return DoctorCheck(
                .agentSocket, .ok, "\(path) is the machine's agent, and no other user can replace it")
        }
        var place = path.directory
        let group = Self.group(of: path)
        do throws(LocalSocketError) {
            if let paths = UserPaths(environment: environment) {
                try OwnedPaths.require(OwnedPaths.of(environment, socket: path.text, state: paths.state))
            }
            do throws(LocalSocketError) { try PrivateDirectory.check(place, group: group) } catch {
                guard case .directoryMissing = error else { throw error }
                place = PrivateDirectory.parent(of: place)
                guard access(place, F_OK) == 0 else { throw .directoryMissing(place) }
            }
            guard access(place, W_OK) == 0 else { throw .system(call: "access", path: place, errno: errno) }
        } catch {
            return DoctorCheck(.agentSocket, .problem, error.description, hint: error.hint)
        }
        let isMade = place == path.directory
        return DoctorCheck(
            .agentSocket, .ok,
            isMade
                ? "only this user\(group.map { " and group \($0)" } ?? "") may enter \(place)"
                : "\(path.directory) is created when an agent starts"
        )
    }

    /// Returns the group to which `socket_group` has opened the socket and its directory; `nil` if there is none.
    private static func group(of path: SocketPath) -> UInt32? {
        var (directory, socket) = (stat(), stat())
        guard lstat(path.directory, &directory) == 0, lstat(path.text, &socket) == 0,
            socket.st_mode & S_IFMT == S_IFSOCK, socket.st_uid == geteuid(), socket.st_mode & 0o777 == 0o660,
            directory.st_mode & 0o070 != 0, directory.st_gid == socket.st_gid
        else { return nil }
        return socket.st_gid
    }

    private static func noAgent(_ path: SocketPath) -> DoctorCheck {
        let starter = LocalSocket.isListening(at: path.text) ? "systemd, at \(path)," : "the next command"
        return DoctorCheck(.agentRunning, .ok, "the agent is not running; \(starter) starts it when it is needed")
    }
}
