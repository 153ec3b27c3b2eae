import CurlTransport
import Foundation
import OAuth
import SecretMemory
import TestSupport
import Testing

/// T6: tls_client_auth (RFC 8705), with libcurl.
struct ClientCertificateTests {
    let servers: ThrowAwayCA
    let clients: ThrowAwayCA

    init() async throws {
        servers = try await ThrowAwayCA()
        clients = try await ThrowAwayCA()
    }

    private func transport() -> CurlTransport { CurlTransport(.init(noProxy: "*", caFile: servers.file)) }

    private func certificate(
        _ subject: String = "a client", keyOf other: ThrowAwayCA.Certificate? = nil
    ) async throws -> ClientCertificate {
        let made = try await clients.certificate(for: nil, subject: subject)
        func read(_ path: String) throws -> SecretBytes {
            SecretBytes(try String(contentsOfFile: path, encoding: .utf8))
        }
        return ClientCertificate(chain: try read(made.certificateFile), key: try read((other ?? made).keyFile))
    }

    private func server() async throws -> TLSServer {
        try await TLSServer(servers.certificate(), clientAuthorities: clients.file)
    }

    private func client(_ server: TLSServer, _ client: Client, _ transport: CurlTransport) throws -> AuthorizationServer
    {
        let token = try EndpointURL(parsing: server.url + "/token")
        return AuthorizationServer(
            endpoints: try ProviderEndpoints(metadata: nil, token: token), client: client, transport: transport)
    }

    @Test("T6: the certificate is sent in the handshake, and no secret is sent")
    func shown() async throws {
        let server = try await server()
        let certificate = try await certificate()
        let client = try client(
            server, Client(id: "tv", authentication: .tlsClientAuth) { certificate }, transport())
        async let reply = client.refresh(SecretBytes("r1"), scopes: nil)
        await eventually { server.received.contains("refresh_token=r1&client_id=tv") }
        #expect(server.received.contains("a client"))
        server.reply(#"{"access_token":"a1"}"#)
        guard case .renewed(let grant) = await reply else {
            Issue.record("\(await reply)")
            return
        }
        #expect(grant.accessToken == SecretBytes("a1"))
    }

    @Test("T6: a request without a certificate reuses no other client's connection, and is refused")
    func notShared() async throws {
        let server = try await server()
        let certificate = try await certificate()
        let transport = transport()
        let proven = try client(server, Client(id: "tv", authentication: .tlsClientAuth) { certificate }, transport)
        async let reply = proven.refresh(SecretBytes("r1"), scopes: nil)
        await eventually { server.received.contains("refresh_token=r1") }
        server.reply(#"{"access_token":"a1"}"#)
        _ = await reply
        await eventually { server.hasEndedConnection }
        let stranger = try client(server, Client(id: "other", authentication: .none), transport)
        switch await stranger.refresh(SecretBytes("r2"), scopes: nil) {
        case .transient, .unanswered: break
        default: Issue.record("another client's connection was used")
        }
        #expect(!server.received.contains("refresh_token=r2"))
    }

    @Test("T6: a key of another certificate, or an invalid one, is refused before anything is sent")
    func wrongKey() async throws {
        let server = try await server()
        let other = try await servers.certificate(for: nil, subject: "another client")
        for certificate in [
            try await certificate(keyOf: other),
            ClientCertificate(chain: SecretBytes("nonsense"), key: SecretBytes("nonsense")),
        ] {
            var request = try makeRequest(.post, server.url + "/token")
            request.certificate = certificate
            let text = try await expectFailure(.tls, transport(), request)
            #expect(text.contains("cannot use the client certificate and its key"), "\(text)")
        }
        #expect(!server.received.contains("POST"))
    }
}
