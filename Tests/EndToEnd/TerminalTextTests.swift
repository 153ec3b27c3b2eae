import DemoIssuer
import Foundation
import Synchronization
import TestSupport
import Testing

/// A provider's texts in all commands, as text and as JSON: no control characters (ECMA-48 §5) and no reordering or
/// invisible ones (UTR #36 §2.5).
@Suite(.timeLimit(.minutes(10)))
struct TerminalTextTests {
    /// A window title, a colour by a C1 control, cursor movements, bidirectional overrides, a zero-width space.
    private static let attack = #"\u001b]0;pwned\u0007\u009b31m\u001b[2J\u202e\u2066\u200bnwp\r\b\u0085"#
    private static let plainAttack = "\u{1b}]0;pwned\u{7}\u{9b}31m\u{1b}[2J\u{202e}\u{2066}\u{200b}nwp\r\u{8}\u{85}"

    private final class Transcript: Sendable {
        private let texts = Mutex<[String]>([])
        func add(_ text: String) { texts.withLock { $0.append(text) } }

        /// The control characters that are left, with the text around them.
        var dangers: [String] {
            texts.withLock { $0 }.flatMap { text in
                text.unicodeScalars.indices.compactMap { index -> String? in
                    let scalar = text.unicodeScalars[index]
                    let isHarmless =
                        scalar == "\n"
                        || ![.control, .format, .lineSeparator, .paragraphSeparator].contains(
                            scalar.properties.generalCategory)
                    guard !isHarmless else { return nil }
                    return "U+\(String(scalar.value, radix: 16)) in \(text.prefix(400).debugDescription)"
                }
            }
        }
        var all: String { texts.withLock { $0.joined(separator: "\n") } }
    }

    private func grant(_ more: String = "") -> DemoIssuer.Fault {
        .reply(
            status: 200,
            body:
                #"{"access_token":"t","token_type":"Bearer","expires_in":3600,"refresh_token":"r\#(Int.random(in: 0...999999))","#
                + #""scope":["read","\#(Self.attack)x"]\#(more)}"#)
    }

    private func run(_ home: AgentHome, _ transcript: Transcript, _ arguments: String...) async throws {
        let result = try await home.client(arguments).result()
        transcript.add("\(arguments) \(result.status)\n\(result.output)\n\(result.errors)")
    }

    @Test(
        "all texts of a hostile provider are printed without control characters")
    func provider() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.approvesAlone = true
        configuration.subject = "ann"
        let demo = try await DemoLogin(configuration, scopes: ["openid", "read"])
        let (home, issuer, transcript) = (demo.home, demo.issuer, Transcript())
        let refusal = DemoIssuer.Fault.reply(
            status: 400,
            body:
                #"{"error":"bad\#(Self.attack)","error_description":"said \#(Self.attack)","error_uri":"\#(Self.attack)"}"#
        )

        // Login: metadata, registration, device authorization, polling.
        for form in [[], ["--json"]] {
            for endpoint in [DemoIssuer.Endpoint.device, .token] {
                issuer.enqueue(endpoint, refusal)
                let result = try await home.client(["login", "work"] + demo.options + form).result()
                #expect(result.status != 0)
                transcript.add("login \(endpoint)\n\(result.output)\n\(result.errors)")
            }
            let codes = DemoIssuer.Fault.reply(
                status: 200,
                body:
                    #"{"device_code":"d","user_code":"WD\#(Self.attack)JB","verification_uri":"\#(issuer.issuer)/go","#
                    + #""expires_in":600,"interval":1,"message":"\#(Self.attack)"}"#)
            issuer.enqueue(.device, codes)
            issuer.always(.token, refusal)
            let result = try await home.client(["login", "work"] + demo.options + form).result()
            issuer.always(.token, nil)
            transcript.add("login code\n\(result.output)\n\(result.errors)")
            issuer.enqueue(
                .metadata,
                .reply(
                    status: 200,
                    body: #"{"issuer":"\#(Self.attack)","device_authorization_endpoint":"\#(Self.attack)"}"#))
            try await run(home, transcript, "login", "other", "--issuer", issuer.issuer + "/x", "--client-id", "c")
        }

        // A login with a hostile subject and hostile scopes.
        issuer.changeSubject("ann\(Self.plainAttack)")
        let wrong = try await home.client(["login", "work"] + demo.options).result()
        transcript.add("login subject\n\(wrong.output)\n\(wrong.errors)")
        issuer.changeSubject("ann")
        issuer.changeName("Ann \(Self.plainAttack)")
        let login = try await home.client(["login", "work"] + demo.options + ["--json"]).result()
        transcript.add("login done\n\(login.output)\n\(login.errors)")
        try #require(login.status == 0, "\(login.output)\(login.errors)\(home.log)")
        let watcher = try home.client(["events", "--json"])
        let reader = try home.client(["events"])
        await eventually { watcher.isRunning && reader.isRunning }
        for form in [[], ["--json"]] {
            issuer.enqueue(.token, grant())
            let narrow = try await home.client(
                ["token", "work", "--scope", "read", "--resource", "urn:\(form.count)"] + form
            ).result()
            transcript.add("narrow\n\(narrow.output)\n\(narrow.errors)")
            for fault in [refusal, refusal] {
                issuer.enqueue(.token, fault)
            }
            let refused = try await home.client(["token", "work", "--scope", "other\(form.count)"] + form).result()
            #expect(refused.status != 0)
            transcript.add("refused\n\(refused.output)\n\(refused.errors)")
            for command in [
                ["status"], ["status", "work"], ["inspect", "work"], ["inspect", "work", "--introspect"], ["doctor"],
                ["policy", "check", "--as-pid", "\(getpid())", "work"], ["token", "work", "--id-token"],
                ["token", "work", "--min-valid", "86400"], ["store", "status"],
            ] where !(form == ["--json"] && command.contains("--id-token")) {
                let result = try await home.client(command + form).result()
                transcript.add("\(command + form) \(result.status)\n\(result.output)\n\(result.errors)")
            }
        }
        for form in [[], ["--json"]] {
            issuer.enqueue(.revocation, refusal)
            let logout = try await home.client(["logout", "work"] + form).result()
            transcript.add("logout\n\(logout.output)\n\(logout.errors)")
            issuer.changeName("Bob \(Self.plainAttack)")
            if form.isEmpty { _ = try await home.client(["login", "work"] + demo.options).result() }
        }
        for process in [watcher, reader] {
            kill(process.pid, SIGTERM)
            let result = await process.result()
            transcript.add("events\n\(result.output)\n\(result.errors)")
        }
        transcript.add("log\n\(home.log)")
        #expect(transcript.dangers.isEmpty, "\(transcript.dangers.prefix(5))")
        // Proves the set-up: the texts were printed.
        #expect(transcript.all.contains("said") && transcript.all.contains("nwp"))
    }
}
