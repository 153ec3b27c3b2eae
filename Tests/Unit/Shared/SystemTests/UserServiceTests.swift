import System
import Testing

/// Whether a command's environment selects the service manager's agent.
struct UserServiceTests {
    private func isOfUnit(_ changes: [String: String], socket: String = "/run/user/1/authagent/agent.sock") -> Bool {
        UserService.isOfUnit(
            ["HOME": "/home/a"].merging(changes) { $1 }, home: "/home/a", runtime: "/run/user/1", socket: socket)
    }

    @Test("an agent is started as a unit only with its unit's own paths")
    func places() {
        #expect(isOfUnit([:]))
        #expect(isOfUnit(["XDG_CONFIG_HOME": "/home/a/.config", "XDG_STATE_HOME": "/home/a/.local/state"]))
        #expect(isOfUnit(["XDG_CONFIG_HOME": "", "XDG_STATE_HOME": "relative", "https_proxy": "http://a"]))
        #expect(!isOfUnit(["HOME": "/home/b"]))
        #expect(!isOfUnit(["XDG_CONFIG_HOME": "/srv/config"]))
        #expect(!isOfUnit(["XDG_STATE_HOME": "/srv/state"]))
        #expect(!isOfUnit(["AUTHAGENT_SYSTEM_CONFIG": "/srv/etc"]))
        #expect(!isOfUnit([:], socket: "/tmp/authagent-1/agent.sock"))
        #expect(!UserService.isOfUnit([:], home: "/home/a", runtime: "/run/user/1", socket: "/run/user/1/x"))
        let socket = "/run/user/1/authagent/agent.sock"
        #expect(!UserService.isOfUnit(["HOME": "/home/a"], home: nil, runtime: "/run/user/1", socket: socket))
    }
}
