import AgentAPI
import Doctor
import Foundation
import OAuth
import SealedStorage
import Synchronization
import System
import TestSupport
import Testing
import Vault

/// Reports on a home in a temporary directory, with a provider, a keyring and a clock that the test controls.
struct ReportTests {
    let files: TemporaryDirectory
    let time = ManualTime()
    let provider = FakeProvider()
    let keyring = RecordingStore()

    init() throws {
        files = try TemporaryDirectory()
        try files.directory("config/authagent/accounts")
    }

    private func doctor(_ transport: (any HTTPTransport)? = nil) throws -> Doctor {
        let environment = [
            "HOME": files.path, "XDG_CONFIG_HOME": files.path + "/config", "XDG_STATE_HOME": files.path + "/state",
            "AUTHAGENT_SYSTEM_CONFIG": files.path + "/etc",
        ]
        return Doctor(
            Doctor.Parts(
                paths: try #require(UserPaths(environment: environment)), environment: environment,
                keyring: .success(keyring),
                sealed: SealedStore(
                    path: files.path + "/state/authagent/sealed", credentialsDirectory: nil, time: time, cost: .cheap,
                    warn: { _ in }),
                journal: { () throws(Fault) in nil },
                transport: transport ?? provider, time: time, isAgent: false
            )
        )
    }

    private func account(_ name: String, issuer: String = FakeProvider.issuer, _ more: String = "") throws {
        try files.file(
            "config/authagent/accounts/\(name).toml", "issuer = \"\(issuer)\"\nclient_id = \"tv\"\n\(more)")
    }

    private func metadata(_ members: String, date: String? = nil) -> FakeProvider.Answer {
        let headers = date.map { [(name: "Date", value: $0)] } ?? []
        return .success(HTTPResponse(status: 200, headers: headers, body: Array("{\(members)}".utf8)))
    }

    @Test("accounts of one issuer cause one request, and everything is ok")
    func healthy() async throws {
        try account("work")
        try account("other")
        let report = await (try doctor()).report()
        #expect(report.state != .problem, "\(report.problems)")
        #expect(report[.issuerMetadata].map(\.state) == [.ok])
        #expect(report[.accountEndpoints].map(\.account?.description) == ["other", "work"])
        #expect(provider.all(.metadata).count == 1)
        // Only the metadata is requested, not a code or a token.
        #expect(provider.all(.device).isEmpty && provider.all(.token).isEmpty)
        #expect(keyring.operations.isEmpty)
    }

    @Test("a provider that does not answer delays only its own check")
    func deadProvider() async throws {
        try account("work")
        try account("dead", issuer: "https://dead.example")
        let gate = Gate()
        let doctor = try doctor(DeadProvider(name: "dead.example", gate: gate, others: provider))
        let left = Mutex(Int.max)
        async let running = doctor.report { number in left.withLock { $0 = number } }
        await gate.arrived()
        await eventually("other examinations do not end") { left.withLock { $0 } == 1 }
        time.advance(by: .seconds(8))
        let report = await running
        #expect(report.problems.map(\.id) == [.issuerConnection])
        #expect(report.problems.first?.issuer == "https://dead.example")
        #expect(report[.issuerMetadata].map(\.issuer) == [FakeProvider.issuer])
        gate.open()
    }

    @Test("a keyring that does not answer is reported as late, and delays no other check")
    func deadKeyring() async throws {
        try account("work")
        let gate = Gate()
        keyring.hangProbes(at: gate)
        let doctor = try doctor()
        let left = Mutex(Int.max)
        async let running = doctor.report { number in left.withLock { $0 = number } }
        await gate.arrived()
        await eventually("other examinations do not end") { left.withLock { $0 } == 1 }
        time.advance(by: .seconds(8))
        let report = await running
        #expect(report[.keyringState].map(\.state) == [.problem])
        #expect(report[.issuerMetadata].map(\.state) == [.ok])
        gate.open()
    }

    @Test("metadata without a device endpoint, of another issuer, or none at all have different results")
    func metadataFaults() async throws {
        try account("work")
        let token = #""issuer":"\#(FakeProvider.issuer)","token_endpoint":"\#(FakeProvider.issuer)/token""#
        provider.script(.metadata, metadata(token))
        var report = await (try doctor()).report()
        #expect(report.problems.map(\.id) == [.accountEndpoints])
        #expect(report.problems.first?.detail == "the provider names no device authorization endpoint")
        #expect(report.problems.first?.hint?.contains("--device-endpoint") == true)

        provider.script(.metadata, metadata(#""issuer":"https://evil.example\u001b[31m""#))
        report = await (try doctor()).report()
        #expect(report.problems.map(\.id) == [.issuerMetadata])
        #expect(report.problems.first?.detail.contains("evil.example'") == true)

        provider.script(.metadata, .json(404, ""))
        report = await (try doctor()).report()
        #expect(report.problems.map(\.id) == [.issuerMetadata])
        #expect(report[.issuerConnection].map(\.state) == [.ok])
        #expect(report[.accountEndpoints].isEmpty)

        provider.script(.metadata, .json(503, ""))
        report = await (try doctor()).report()
        #expect(report.problems.map(\.id) == [.issuerMetadata])
    }

    @Test("an account with configured endpoints needs no metadata")
    func endpointsByHand() async throws {
        let endpoints = ["device", "token", "revocation"].map { "\($0)_endpoint = \"\(FakeProvider.issuer)/\($0)\"\n" }
        try account("work", endpoints.joined())
        provider.script(.metadata, .json(404, ""))
        let report = await (try doctor()).report()
        #expect(report[.issuerMetadata].map(\.state) == [.warning])
        #expect(report[.accountEndpoints].map(\.state) == [.ok])
        #expect(report.problems.isEmpty, "\(report.problems)")
    }

    @Test("a provider's date is compared with this clock")
    func clock() async throws {
        try account("work")
        let members = #""issuer":"\#(FakeProvider.issuer)","token_endpoint":"\#(FakeProvider.issuer)/token""#
        // 1800000000, the clock of the test, is Fri, 15 Jan 2027 08:00:00 GMT.
        provider.script(.metadata, metadata(members, date: "Fri, 15 Jan 2027 08:02:00 GMT"))
        #expect(await (try doctor()).report()[.issuerClock].map(\.state) == [.warning])
        time.stepWall(by: -86_400)
        let check = await (try doctor()).report()[.issuerClock].first
        #expect(check?.state == .problem)
        #expect(check?.detail == "this clock is 86520 s behind the provider's, and ID tokens are refused")
    }

    @Test("wrong files, readable secrets and wrong settings are named with the command")
    func wrongFiles() async throws {
        let secret = try files.file("secret", "s3cret", mode: 0o644)
        try account("work", "client_secret_file = \"\(secret)\"\nstore = \"memory\"\n")
        try account("bad", "scoops = []\n")
        try files.file("config/authagent/authagent.toml", "log_level = \"loud\"\n")
        var report = await (try doctor()).report()
        #expect(report[.accountSecret].first?.hint == "run 'chmod 600 \(secret)'")
        #expect(report[.accountFile].first { $0.state == .problem }?.hint == "did you mean 'scopes'?")
        #expect(report[.filesSettings].map(\.state) == [.problem])
        #expect(chmod(files.path + "/config/authagent", 0o777) == 0)
        report = await (try doctor()).report()
        #expect(report[.filesSettings].map(\.state) == [.problem])
        // The files in it are ignored.
        #expect(report[.accountFile].allSatisfy { $0.state == .problem } && !report[.accountFile].isEmpty)
        #expect(report[.filesConfiguration].first?.hint == "run 'chmod go-w \(files.path)/config/authagent'")
        #expect(!APIJSON.text(fixed: report).contains("s3cret"))
    }

    @Test("a state directory that others may enter is a problem; a missing one is ok")
    func stateDirectory() async throws {
        #expect(await (try doctor()).report()[.filesState].map(\.state) == [.ok])
        let state = try files.directory("state/authagent")
        #expect(chmod(state, 0o750) == 0)
        let check = await (try doctor()).report()[.filesState].first
        #expect(check?.state == .problem)
        #expect(check?.hint == "run 'chmod 700 \(state)'")
    }
}

/// A provider that never answers, beside others that do.
private struct DeadProvider: HTTPTransport {
    let name: String
    let gate: Gate
    let others: any HTTPTransport

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        guard request.url.text.contains(name) else { return try await others.send(request) }
        await gate.pass()
        throw .cancelled
    }
}
