internal import Agent
internal import AgentAPI
internal import Configuration
internal import System

extension ProgramSpawner {
    /// The same for each agent, whichever command started it: a hook must not depend on that.
    static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    /// What a program needs to find its user's files, bus and agent. The rest of the environment may hold secrets.
    private static let passedOn = [
        "AUTHAGENT_SOCK", "DBUS_SESSION_BUS_ADDRESS", "HOME", "LANG", "LC_ALL", "LOGNAME", "TZ", "USER",
        "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
    ]

    /// Returns the environment of programs: a few variables of the agent's own.
    package static func programEnvironment(_ environment: [String: String]) -> [String: String] {
        environment.filter { passedOn.contains($0.key) }.merging(["PATH": searchPath]) { $1 }
    }

    /// Forks the spawner. Called before this process reads its environment, and before it has threads, secrets or
    /// restrictions: all of that would be the spawner's, too.
    public static func fork() -> ProgramSpawner {
        let channel = ApartProcess.start(named: "authagent-hooks", environment: passedOn + places) { channel in
            let environment = processEnvironment()
            // Then the agent does not start either.
            guard let paths = UserPaths(environment: environment) else { return }
            Spawner(channel, environment: programEnvironment(environment)) {
                source throws(ConfigurationError) in try source.load(paths)
            }.serve()
        }
        return ProgramSpawner(channel)
    }

    /// Further variables that say where the configuration is.
    private static let places = ["AUTHAGENT_SYSTEM_CONFIG", "XDG_STATE_HOME"]
}
