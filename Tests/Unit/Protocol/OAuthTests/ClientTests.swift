import OAuth
import SecretMemory
import Testing

@Suite struct ClientTests {
    @Test("T6: client_secret_basic matches the example of RFC 6749 §2.3.1")
    func basicVector() throws {
        let client = Client(
            id: "s6BhdRkqt3", secret: SecretBytes("7Fjfp0ZBr1KtDRbnfVdmIw"), authentication: .clientSecretBasic
        )
        #expect(try client.proof(for: "").authorization == "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3")
    }

    @Test("T6: id and secret are form-encoded before Basic, so that a colon does not move the separator")
    func basicEncodesFirst() throws {
        let client = Client(id: "a:b", secret: SecretBytes("p w+%€"), authentication: .clientSecretBasic)
        // base64("a%3Ab:p+w%2B%25%E2%82%AC")
        #expect(try client.proof(for: "").authorization == "Basic YSUzQWI6cCt3JTJCJTI1JUUyJTgyJUFD")
    }

    @Test("T6: each method sends the client in its own part of the request")
    func parameters() throws {
        func form(_ authentication: ClientAuthentication, _ secret: String?) throws -> String {
            let client = Client(id: "c", secret: secret.map { SecretBytes($0) }, authentication: authentication)
            return FormEncoding.body(try client.proof(for: "").parameters).revealedText()
        }
        #expect(try form(.none, nil) == "client_id=c")
        #expect(try form(.none, "s") == "client_id=c")
        #expect(try form(.clientSecretBasic, "s") == "")
        #expect(try form(.clientSecretPost, "s") == "client_id=c&client_secret=s")
        #expect(try form(.clientSecretBasic, nil) == "client_id=c")
        #expect(try Client(id: "c", authentication: .clientSecretBasic).proof(for: "").authorization == nil)
        let post = Client(id: "c", secret: SecretBytes("s"), authentication: .clientSecretPost)
        #expect(try post.proof(for: "").authorization == nil)
    }

    @Test(
        "T6: the metadata selects the method, basic before post; the default is basic",
        arguments: [
            (false, nil, .none),
            (false, ["client_secret_basic"], .none),
            (true, nil, .clientSecretBasic),
            (true, [], .clientSecretBasic),
            (true, ["client_secret_post", "client_secret_basic"], .clientSecretBasic),
            (true, ["client_secret_post"], .clientSecretPost),
            (true, ["none", "client_secret_post"], .clientSecretPost),
            (true, ["private_key_jwt"], .clientSecretBasic),
            (true, ["client_secret_jwt"], .clientSecretJWT),
            (true, ["client_secret_jwt", "client_secret_post"], .clientSecretPost),
        ] as [(Bool, [String]?, ClientAuthentication)]
    )
    func choose(hasSecret: Bool, supported: [String]?, expected: ClientAuthentication) {
        #expect(ClientAuthentication.choose(hasSecret: hasSecret, supported: supported) == expected)
    }

    @Test(
        "T6: a key or certificate is preferred to a secret if the server supports it",
        arguments: [
            (["private_key_jwt", "client_secret_basic"], .privateKeyJWT, .privateKeyJWT),
            (["client_secret_basic"], .clientSecretBasic, .clientSecretBasic),
            (["tls_client_auth", "private_key_jwt"], .privateKeyJWT, .tlsClientAuth),
            (["self_signed_tls_client_auth"], .privateKeyJWT, .selfSignedTLSClientAuth),
            (nil, .privateKeyJWT, .tlsClientAuth),
        ] as [([String]?, ClientAuthentication, ClientAuthentication)]
    )
    func chooseKey(supported: [String]?, withKey: ClientAuthentication, withCertificate: ClientAuthentication) {
        #expect(ClientAuthentication.choose(hasSecret: true, hasKey: true, supported: supported) == withKey)
        #expect(
            ClientAuthentication.choose(hasSecret: true, hasKey: true, hasCertificate: true, supported: supported)
                == withCertificate)
    }
}
