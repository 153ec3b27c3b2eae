import OAuth
import SecretMemory
import Testing

@Suite struct ClientTests {
    @Test("T6: client_secret_basic is the example of RFC 6749 §2.3.1")
    func basicVector() {
        let client = Client(
            id: "s6BhdRkqt3", secret: SecretBytes("7Fjfp0ZBr1KtDRbnfVdmIw"), authentication: .clientSecretBasic
        )
        #expect(client.authorization == "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3")
    }

    @Test("T6: id and secret are form-encoded before Basic, so a colon cannot move the border")
    func basicEncodesFirst() {
        let client = Client(id: "a:b", secret: SecretBytes("p w+%€"), authentication: .clientSecretBasic)
        // base64("a%3Ab:p+w%2B%25%E2%82%AC")
        #expect(client.authorization == "Basic YSUzQWI6cCt3JTJCJTI1JUUyJTgyJUFD")
    }

    @Test("T6: each method puts the client where it belongs")
    func parameters() {
        func form(_ authentication: ClientAuthentication, _ secret: String?) -> String {
            let client = Client(id: "c", secret: secret.map { SecretBytes($0) }, authentication: authentication)
            return FormEncoding.body(client.parameters).revealedText()
        }
        #expect(form(.none, nil) == "client_id=c")
        #expect(form(.none, "s") == "client_id=c")
        #expect(form(.clientSecretBasic, "s") == "")
        #expect(form(.clientSecretPost, "s") == "client_id=c&client_secret=s")
        #expect(form(.clientSecretBasic, nil) == "client_id=c")
        #expect(Client(id: "c", authentication: .clientSecretBasic).authorization == nil)
        #expect(Client(id: "c", secret: SecretBytes("s"), authentication: .clientSecretPost).authorization == nil)
    }

    @Test(
        "T6: the method is chosen from the metadata, basic before post, and basic where nothing is said",
        arguments: [
            (false, nil, .none),
            (false, ["client_secret_basic"], .none),
            (true, nil, .clientSecretBasic),
            (true, [], .clientSecretBasic),
            (true, ["client_secret_post", "client_secret_basic"], .clientSecretBasic),
            (true, ["client_secret_post"], .clientSecretPost),
            (true, ["none", "client_secret_post"], .clientSecretPost),
            (true, ["private_key_jwt"], .clientSecretBasic),
        ] as [(Bool, [String]?, ClientAuthentication)]
    )
    func choose(hasSecret: Bool, supported: [String]?, expected: ClientAuthentication) {
        #expect(ClientAuthentication.choose(hasSecret: hasSecret, supported: supported) == expected)
    }
}
