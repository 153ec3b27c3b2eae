import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `authagent doctor` with faulty providers.
@Suite(.timeLimit(.minutes(5)))
struct DoctorProviderTests {
    private func home(_ issuer: String, _ changes: [String: String] = [:]) throws -> AgentHome {
        let home = try AgentHome(changes: changes)
        try home.account("work", "issuer = \"\(issuer)\"", "store = \"memory\"")
        return home
    }

    /// Expects one problem, about that provider.
    private func expect(
        _ home: AgentHome, _ id: DoctorCheck.ID, _ detail: String, hint: String,
        _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let report = try await home.doctor(location)
        #expect(report.problems.map(\.id) == [id], "\(report.problems)", sourceLocation: location)
        #expect(report.problems.first?.detail.contains(detail) == true, "\(report.problems)", sourceLocation: location)
        #expect(report.problems.first?.hint?.contains(hint) == true, "\(report.problems)", sourceLocation: location)
    }

    @Test("a provider that refuses connections, and a name that does not resolve")
    func unreachable() async throws {
        let port = try DeafPort()
        try await expect(try home(port.url), .issuerConnection, "cannot connect to 127.0.0.1", hint: "network")
        port.close()
        try await expect(
            try home("https://\(unresolvableHost)"), .issuerConnection,
            "cannot resolve the name of \(unresolvableHost)",
            hint: "run 'getent hosts \(unresolvableHost)'")
    }

    @Test("a certificate of an unknown authority, for another host, or that has expired")
    func certificates() async throws {
        let authority = try await ThrowAwayCA()
        let trusting = ["SSL_CERT_FILE": authority.file]
        let good = try await TLSServer(authority.certificate())
        try await expect(try home(good.url), .issuerConnection, "local issuer certificate", hint: "'ca_file'")
        let other = try await TLSServer(authority.certificate(for: "DNS:elsewhere.example"))
        try await expect(try home(other.url, trusting), .issuerConnection, "subject name", hint: "certificate")
        let old = try await TLSServer(authority.certificate(isExpired: true))
        try await expect(try home(old.url, trusting), .issuerConnection, "certificate has expired", hint: "certificate")
        let missing = try home(good.url, ["SSL_CERT_FILE": "/nonexistent/ca.pem"])
        #expect(try await missing.doctor()[.networkCertificates].map(\.state) == [.problem])
    }

    @Test("a provider without a device endpoint, and one whose clock is another")
    func metadata() async throws {
        let issuer = try await DemoIssuer.start()
        let home = try home(issuer.issuer)
        #expect(try await home.doctor().problems.isEmpty)
        let body = #"{"issuer":"\#(issuer.issuer)","token_endpoint":"\#(issuer.issuer)/token"}"#
        issuer.always(.metadata, .reply(status: 200, body: body))
        try await expect(home, .accountEndpoints, "no device authorization endpoint", hint: "--device-endpoint")

        let complete =
            body.dropLast()
            + #","device_authorization_endpoint":"\#(issuer.issuer)/d","revocation_endpoint":"\#(issuer.issuer)/r"}"#
        issuer.always(
            .metadata,
            .reply(status: 200, body: String(complete), headers: ["Date": "Sun, 06 Nov 1994 08:49:37 GMT"]))
        try await expect(home, .issuerClock, "ahead of the provider's", hint: "timedatectl")
    }

    @Test("control characters in a provider's texts are removed before they reach a terminal")
    func hostileText() async throws {
        let issuer = try await DemoIssuer.start()
        issuer.always(.metadata, .reply(status: 200, body: #"{"issuer":"https://evil\u001b]0;owned\u0007.example"}"#))
        let result = try await home(issuer.issuer).authagent("doctor")
        #expect(result.status == 1)
        #expect(result.output.contains("problem  issuer.metadata"), "\(result.output)")
        #expect(result.output.contains("https://evil.example"), "\(result.output)")
        #expect(!result.output.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    }
}

/// A bound port without a listener: connections are refused, and no other test can take it.
private struct DeafPort {
    private let descriptor: Int32
    let url: String

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRINUSE) }
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
    }

    func close() { Foundation.close(descriptor) }
}
