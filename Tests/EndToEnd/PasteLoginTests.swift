import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Logins in a browser on a machine that cannot reach the agent: a person brings the address that it ends at.
@Suite(.timeLimit(.minutes(5)))
struct PasteLoginTests {
    @Test("'--paste -' gives the pending login an address from standard input, and the login succeeds")
    func input() async throws {
        let login = try await BrowserLogin()
        let (client, prompt) = try await login.start()
        let address = try await login.approve(prompt.authorizationURI)
        // As it comes from a mail: wrapped, with spaces around it.
        let half = address.index(address.startIndex, offsetBy: address.count / 2)
        let paste = try await login.home.authagent(
            "login", "work", "--paste", "-", input: "  \(address[..<half])\r\n\(address[half...]) \r\n")
        #expect(paste.status == 0, "\(paste.errors)")
        #expect(paste.output == "accepted\n")
        #expect(await client.result().status == 0)
        #expect(try await login.token() == 0)
    }

    @Test("an address of another login is not accepted: exit code 1, the reason, and the login stays pending")
    func foreign() async throws {
        let login = try await BrowserLogin()
        let (client, prompt) = try await login.start()
        let address = try await login.approve(prompt.authorizationURI)
        let other = address.replacing(/state=[^&]*/, with: "state=AAAAAAAAAAAAAAAAAAAAAA")
        let paste = try await login.home.authagent("login", "work", "--paste", input: other + "\n")
        #expect(paste.status == 1)
        #expect(paste.output.isEmpty)
        #expect(
            paste.errors.hasPrefix("authagent: error: the login of 'work' has not accepted it: "), "\(paste.errors)")
        let json = try await login.home.authagent("login", "work", "--paste", "--json", input: other)
        #expect(json.status == 1)
        #expect(try APIJSON.decode(LoginResponseReply.self, from: json.output.utf8).accepted == false)
        #expect(client.isRunning)
        #expect(try await login.home.authagent("login", "work", "--paste", input: address).status == 0)
        #expect(await client.result().status == 0)
    }

    @Test("the address of a refusal is accepted, and both programs show the provider's error")
    func refusal() async throws {
        let login = try await BrowserLogin()
        let (client, prompt) = try await login.start()
        let opened = try #require(prompt.authorizationURI)
        let address = try #require(await login.issuer.refuse(opened))
        #expect(address.contains("error=access_denied"))
        let paste = try await login.home.authagent("login", "work", "--paste", input: address)
        #expect(paste.status == 0, "\(paste.errors)")
        #expect(paste.errors.contains("authagent: note: "), "\(paste.errors)")
        let result = await client.result()
        #expect(result.status == 1)
        #expect(result.lines.last?.contains(#""code":"access_denied""#) == true, "\(result.output)")
    }

    @Test("an address in an argument, none, or one for an account without a login is refused")
    func misuse() async throws {
        let login = try await BrowserLogin()
        let argument = try await login.home.authagent("login", "work", "--paste", "http://127.0.0.1:1/?code=c0de")
        #expect(argument.status == 2)
        #expect(!argument.errors.contains("c0de"))
        #expect(try await login.home.authagent("login", "work", "--paste", "-", input: " \n").status == 2)
        // No agent is started for it.
        #expect(try await login.home.authagent("login", "work", "--paste", "-", input: "http://x/?code=1").status == 4)
        _ = try await login.home.authagent("start")
        let none = try await login.home.authagent("login", "work", "--paste", "-", input: "http://x/?code=1")
        #expect(none.status == 1)
        #expect(none.errors.contains("no login of 'work' is pending"), "\(none.errors)")
    }

    @Test("at a terminal each pasted line is tried: wrong ones are named, and one of 10,000 characters is not cut")
    func terminal() async throws {
        let login = try await BrowserLogin()
        let (terminal, address) = try await login.startAtTerminal()
        #expect(!terminal.isUsual)
        terminal.type("is this the place?\r")
        await terminal.shows("authagent: note: not accepted: ")
        terminal.type(String(repeating: "x", count: 70_000) + "\r")
        await terminal.shows("it is longer than 61440 bytes; the login goes on")
        let response = try await login.approve(address)
        terminal.type("\u{1b}[200~\(response)&more=" + String(repeating: "c", count: 10_000) + "\u{1b}[201~\r")
        #expect(await terminal.result() == 0, "\(terminal.screen)")
        #expect(terminal.isUsual, "the terminal is not as it was")
        // What the program wrote last may be read after its end.
        await eventually("\(terminal.screen)") { terminal.screen.contains("logged in 'work'") }
        let secret = try #require(response.firstMatch(of: /code=([^&]+)/)?.1)
        #expect(!terminal.screen.contains(secret), "the code stands on the screen")
        #expect(try await login.token() == 0)
    }

    @Test("the screen has the provider, the client, the scopes, both addresses, the ssh line and the warning")
    func screen() async throws {
        let login = try await BrowserLogin(changes: [
            "SSH_CONNECTION": "192.0.2.1 50000 192.0.2.7 2222", "LOGNAME": "ann",
        ])
        let (terminal, address) = try await login.startAtTerminal()
        let text = terminal.screen
        let short = try #require(text.firstMatch(of: /\ {4}(http:\/\/127\.0\.0\.1:([0-9]+)\/[A-Za-z0-9_-]+)\n/))
        let (link, port) = (String(short.output.1), String(short.output.2))
        for expected in [
            "login 'work' at \(login.issuer.issuer)\n", "  client: tv\n", "  scopes: openid mail\n",
            "log in only if you started this login yourself\n", "\n\(address)\n",
            "\n    ssh -p 2222 -L \(port):127.0.0.1:\(port) ann@192.0.2.7\n",
            "paste it only here: a person or page that asks you for it wants your account\n",
        ] {
            #expect(text.contains(expected), "'\(expected)' is missing in \(text)")
        }
        #expect(link.count <= 32, "too long to type: \(link)")
        let page = try await Browser().get(link)
        #expect(page.status == 302 && page.location == address)
        terminal.signal(SIGTERM)
        #expect(await terminal.result() == 1)
    }

    @Test("a second terminal joins the login, and what is pasted there ends it on both")
    func twoTerminals() async throws {
        let login = try await BrowserLogin()
        let (first, address) = try await login.startAtTerminal()
        let second = try login.terminal(["login", "work"])
        #expect(try await login.address(at: second) == address)
        second.type(try await login.approve(address) + "\r")
        #expect(await second.result() == 0, "\(second.screen)")
        #expect(await first.result() == 0, "\(first.screen)")
        #expect(first.isUsual && second.isUsual)
    }

    @Test(
        "Ctrl-C cancels the login and leaves the terminal as it was; Ctrl-\\ and a hang-up leave the login too",
        arguments: [(SIGINT, Int32(1)), (SIGQUIT, -SIGQUIT), (SIGHUP, -SIGHUP)])
    func ended(signal: Int32, status: Int32) async throws {
        let login = try await BrowserLogin()
        let (terminal, address) = try await login.startAtTerminal()
        switch signal {
        case SIGINT: terminal.type("half a line\u{3}")
        case SIGQUIT: terminal.type("\u{1c}")
        default: terminal.signal(signal)
        }
        #expect(await terminal.result() == status, "\(terminal.screen)")
        #expect(terminal.isUsual, "the terminal is not as it was")
        guard signal != SIGINT else { return }
        let response = try await login.approve(address)
        #expect(try await login.home.authagent("login", "work", "--paste", input: response).status == 0)
        await eventually("the login has not gone on") { (try? await login.token()) == 0 }
    }

    @Test("Ctrl-Z gives the shell its terminal as it was, and afterwards the login takes a paste again")
    func stopped() async throws {
        let login = try await BrowserLogin()
        let (terminal, address) = try await login.startAtTerminal()
        terminal.type("half\u{1a}")
        await eventually("the terminal is not given back") { terminal.isUsual }
        await eventually("the terminal is not taken again") {
            terminal.signal(SIGCONT)
            return !terminal.isUsual
        }
        terminal.type("\u{15}" + (try await login.approve(address)) + "\r")
        #expect(await terminal.result() == 0, "\(terminal.screen)")
        #expect(terminal.isUsual)
    }

    @Test("a login by a code on another device leaves the terminal alone, also after Ctrl-Z")
    func deviceAtTerminal() async throws {
        let login = try await BrowserLogin { $0.hasDevice = true }
        let terminal = try login.terminal(["login", "work", "--device"] + login.demo.options)
        await terminal.shows("Ctrl-C cancels\n")
        terminal.type("\u{1a}")
        let code = try #require(terminal.screen.firstMatch(of: /enter:\ +([A-Z0-9-]+)/)?.1)
        login.issuer.approve(String(code))
        // The kernel may stop the program after a first SIGCONT.
        await eventually("\(terminal.screen)") {
            terminal.signal(SIGCONT)
            return terminal.screen.contains("logged in 'work'")
        }
        #expect(await terminal.result() == 0, "\(terminal.screen)")
        #expect(!terminal.screen.contains("paste: "))
        #expect(terminal.isUsual)
    }

    @Test("a text of many lines is not an address: the first lines are tried, and Ctrl-C is heard meanwhile")
    func manyLines() async throws {
        let login = try await BrowserLogin()
        let (terminal, _) = try await login.startAtTerminal()
        terminal.type(String(repeating: "not an address\r", count: 100))
        await terminal.shows("not accepted: too many lines at once; the login goes on")
        terminal.type("\u{3}")
        #expect(await terminal.result() == 1)
        #expect(terminal.isUsual)
    }

    @Test("a program that is not at a terminal does not read its input, and says how to hand the address over")
    func noTerminal() async throws {
        let login = try await BrowserLogin()
        let client = try login.home.client(["login", "work", "--code"] + login.demo.options, input: nil)
        _ = await client.line(beginning: "waiting for approval")
        #expect(client.outputSoFar.contains("to 'authagent login work --paste'"), "\(client.outputSoFar)")
        client.write("http://127.0.0.1:1/?code=1&state=1\n")
        let address = try #require(
            client.outputSoFar.split(separator: "\n").first { $0.hasPrefix(login.issuer.issuer) })
        let response = try await login.approve(String(address))
        #expect(try await login.home.authagent("login", "work", "--paste", input: response).status == 0)
        let result = await client.result()
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    }

    @Test("--json prints the documented members of a prompt")
    func json() async throws {
        let login = try await BrowserLogin()
        let (client, _) = try await login.start()
        let line = try #require(client.outputSoFar.split(separator: "\n").first)
        let members = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(
            Set(members.keys) == ["event", "grant", "authorization_uri", "short_uri", "redirect_uri", "expires_in"],
            "\(line)")
        #expect(members["grant"] as? String == "code")
        client.signal(SIGINT)
        #expect(await client.result().status == 1)
    }
}
