import AgentAPI
import Testing

/// The agent's environment as it reports it, and a command's comparison with its own.
struct AgentVariablesTests {
    @Test("only relevant variables are reported, bounded and without a proxy's password")
    func shown() {
        let long = String(repeating: "x", count: 5000)
        let environment = [
            "https_proxy": "http://user:p@ss@proxy.example:3128", "ALL_PROXY": "user:pw@proxy", "NO_PROXY": "*",
            "SSL_CERT_FILE": long, "HTTPS_PROXY": "", "SECRET": "s", "http_proxy": "http://a:b@c",
        ]
        #expect(
            AgentVariables.shown(environment) == [
                "https_proxy": "http://proxy.example:3128", "ALL_PROXY": "proxy", "NO_PROXY": "*",
                "SSL_CERT_FILE": String(long.prefix(1024)),
            ])
    }

    @Test("a command's variable that the agent lacks or has with another value is reported")
    func differing() {
        let agent = ["https_proxy": "http://a", "CURL_CA_BUNDLE": "/a"]
        func names(_ command: [String: String]) -> [String] {
            AgentVariables.differing(command, agent: agent, user: 7)
        }
        #expect(names([:]).isEmpty)
        #expect(names(["https_proxy": "http://u:p@a", "CURL_CA_BUNDLE": "/a"]).isEmpty)
        #expect(names(["https_proxy": "http://b", "no_proxy": "x"]) == ["https_proxy", "no_proxy"])
        #expect(names(["DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/7/bus"]).isEmpty)
        #expect(
            names(["DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/8/bus"]) == ["DBUS_SESSION_BUS_ADDRESS"])
    }
}
