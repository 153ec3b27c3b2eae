import AgentAPI
import AuthagentClient
import Testing

struct AgentAddressTests {
    /// The values of AUTHAGENT_SOCK and XDG_RUNTIME_DIR.
    struct Values: Sendable {
        var socket: String?
        var runtime: String?
    }

    @Test(
        "a plain path of the environment is the one that SocketPath resolves",
        arguments: [
            Values(socket: "/a/s", runtime: "/r"), Values(socket: "/a/s"), Values(socket: "", runtime: "/r"),
            Values(runtime: "/run/user/1000"), Values(socket: path(of: 107), runtime: ""),
            Values(runtime: path(of: 86)),
        ])
    func plain(values: Values) throws {
        var environment: [String: String] = [:]
        environment["AUTHAGENT_SOCK"] = values.socket
        environment["XDG_RUNTIME_DIR"] = values.runtime
        let path = try SocketPath.resolve(environment: environment, user: 4_000_000)
        let address = try #require(AgentAddress(socket: values.socket, runtime: values.runtime))
        #expect(address.text == path.text)
        #expect(AgentAddress(path).text == path.text)
    }

    @Test(
        "any other path is left to SocketPath: relative, too long, not ASCII, or not in the environment",
        arguments: [
            Values(socket: "agent.sock", runtime: "/r"), Values(socket: path(of: 108), runtime: "/r"),
            Values(runtime: path(of: 87)), Values(socket: "/ä"), Values(runtime: "r"), Values(),
            Values(socket: "", runtime: ""),
        ])
    func other(values: Values) {
        #expect(AgentAddress(socket: values.socket, runtime: values.runtime) == nil)
    }

    @Test("the request for a token is the same as with strings")
    func request() throws {
        let name = try #require(AccountName("work.eu-1@example+x"))
        var text = name.description
        let quick = text.withUTF8 { PlainRequest.token(of: $0).withBytes { String(decoding: $0, as: UTF8.self) } }
        let request = PlainRequest("GET", Resource.token.path(of: name))
        #expect(quick == request.bytes.withBytes { String(decoding: $0, as: UTF8.self) })
        #expect(quick.hasPrefix("GET /v1/accounts/work.eu-1@example+x/token HTTP/1.1\r\n"))
    }

    @Test(
        "the bytes of an argument are an account's name exactly if its text is one",
        arguments: ["work", "a", "", "-a", ".a", "a b", "a/b", "ä", "Z9._-@+", "0" + path(of: 2), "a\n"])
    func name(text: String) {
        var bytes = text
        #expect(bytes.withUTF8 { AccountName.isName($0) } == (AccountName(text) != nil))
        for length in [64, 65] {
            var long = String(repeating: "a", count: length)
            #expect(long.withUTF8 { AccountName.isName($0) } == (AccountName(long) != nil))
        }
    }

    private static func path(of length: Int) -> String { "/" + String(repeating: "a", count: length - 1) }
}
