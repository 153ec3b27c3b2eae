import LoopbackHTTP
import Testing

/// The line that forwards a login's port.
struct SSHForwardTests {
    private func command(
        _ environment: [String: String], account: String? = "ann", host: String = "srv",
        to address: String = "http://127.0.0.1:43211/ab12cd"
    ) -> String {
        guard let place = LoopbackAddress(parsing: address) else { return "" }
        return SSHForward(to: place, environment: environment, account: account, host: host).command
    }

    @Test("without ssh it names the user and the machine")
    func local() {
        #expect(command([:]) == "ssh -L 43211:127.0.0.1:43211 ann@srv")
        #expect(command(["USER": "bob"]) == "ssh -L 43211:127.0.0.1:43211 bob@srv")
    }

    @Test("behind ssh it names the address and the port by which this machine was reached")
    func connection() {
        let forward = "-L 43211:127.0.0.1:43211"
        #expect(command(["SSH_CONNECTION": "10.0.0.2 50000 192.0.2.7 22"]) == "ssh \(forward) ann@192.0.2.7")
        #expect(command(["SSH_CONNECTION": "::1 50000 2001:db8::7 2222"]) == "ssh -p 2222 \(forward) ann@2001:db8::7")
    }

    @Test("it leads to the one of the two loopback addresses at which the agent listens")
    func families() {
        #expect(command([:], to: "http://[::1]:43211/ab12cd") == "ssh -L 43211:[::1]:43211 ann@srv")
        #expect(command([:], to: "http://localhost:43211/ab12cd") == "ssh -L 43211:127.0.0.1:43211 ann@srv")
    }

    @Test("behind sudo it names the user who can log in")
    func sudo() {
        let variables = ["SUDO_USER": "ann", "USER": "root", "LOGNAME": "root"]
        #expect(command(variables, account: "root") == "ssh -L 43211:127.0.0.1:43211 ann@srv")
    }

    @Test(
        "an address with a zone, or what is none, is not named",
        arguments: [
            "", "a", "1 2 fe80::1%eth0 22", "1 2 192.0.2.7", "1 2 192.0.2.7 0", "1 2 $(reboot) 22", "1 2  22",
            "1 2 192.0.2.7 22 x", "1 2 192.0.2.7 -22",
        ])
    func strange(connection: String) {
        #expect(command(["SSH_CONNECTION": connection]) == "ssh -L 43211:127.0.0.1:43211 ann@srv")
    }

    @Test("a name that a shell or ssh would read in another way is a word to replace")
    func names() {
        let forward = "ssh -L 43211:127.0.0.1:43211"
        for name in ["a b", "$(reboot)", "-oProxyCommand=x", "a;b", "", "a'b", "é"] {
            #expect(command(["USER": name], account: nil) == "\(forward) USER@srv", "\(name)")
            #expect(command([:], host: name) == "\(forward) ann@HOST", "\(name)")
        }
    }
}

/// The port and path of a redirect URI.
struct LoopbackAddressTests {
    @Test("loopback addresses have their port, path and address families")
    func loopback() throws {
        let plain = try #require(LoopbackAddress(parsing: "http://127.0.0.1:43211/callback"))
        #expect(plain.port == 43_211 && plain.path == "/callback" && plain.families == [.ipv4])
        #expect(LoopbackAddress(parsing: "http://[::1]:1/a/b")?.families == [.ipv6])
        let named = try #require(LoopbackAddress(parsing: "http://localhost"))
        #expect(named.port == 80 && named.path == "/" && named.families == [.ipv4, .ipv6])
    }

    @Test("a query and the case of scheme and host make no difference")
    func spelling() throws {
        let address = try #require(LoopbackAddress(parsing: "HTTP://LocalHost:8080/Callback?x=1"))
        #expect(address.port == 8080 && address.path == "/Callback" && address.families == [.ipv4, .ipv6])
        #expect(LoopbackAddress(parsing: "http://127.0.0.1:1?x=1")?.path == "/")
    }

    @Test(
        "others are none",
        arguments: [
            "https://127.0.0.1:1/a", "http://example.com/", "http://127.0.0.1.example.com/", "http://127.0.0.1:0/",
            "http://127.0.0.1:99999/", "http://127.0.0.1:1/#a", "http://127.0.0.1:+1/",
            "http://127.0.0.1:80@evil/", "http://user@127.0.0.1/", "http://127.0.0.1:1/ a", "http://127.0.0.1:/a", "",
        ])
    func others(uri: String) { #expect(LoopbackAddress(parsing: uri) == nil) }
}
