import OAuth
import SecretMemory
import Testing

@Suite struct MutationTests {
    private let seeds = [
        #"{"access_token":"at","token_type":"Bearer","expires_in":3599,"refresh_token":"r","scope":["a"],"x":null}"#,
        #"{"device_code":"d","user_code":"U","verification_uri":"https://h.ex/d?c=1","expires_in":1e3,"interval":5}"#,
        #"{"error":{"message":"\ud83d\ude42 \u001b[31m","code":-4.6e+3},"errors":[{"errorType":"invalid_grant"}]}"#,
        "access_token=a%2Bb&scope=x%2Cy&error=&error_description=The+code+%22x%22",
        #"{"issuer":"https://h.example","token_endpoint":"https://[::1]:99/t","a":[[[[{"b":[true,false,null]}]]]]}"#,
    ]
    private let fragments: [[UInt8]] =
        [
            "\"", "\\", "\\u", "{", "}", "[", "]", ",", ":", "%", "=", "&", "\u{0}", "\u{1B}", "1e", "-", "\u{FEFF}",
            "null",
            "\"error\":", "https://", "@", "#", "[::",
        ].map { Array($0.utf8) } + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90]]

    @Test("no body, however damaged, is read into anything unsafe")
    func damagedBodies() throws {
        var random = SeededGenerator(seed: 8628)
        for round in 0..<20_000 {
            var body = Array(seeds[round % seeds.count].utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&body, using: &random) }
            let reply = ProviderReply(
                HTTPResponse(status: [200, 400, 401, 429, 500][round % 5], body: body)
            )
            check(reply)
        }
    }

    private func mutate(_ body: inout [UInt8], using random: inout SeededGenerator) {
        guard let index = body.indices.randomElement(using: &random) else { return }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: body[index] = UInt8.random(in: 0...255, using: &random)
        case 1: body.remove(at: index)
        case 2: body.removeSubrange(index...)
        case 3: body.insert(contentsOf: fragments.randomElement(using: &random) ?? [], at: index)
        default: body.insert(contentsOf: body[..<index], at: body.endIndex)
        }
    }

    private func check(_ reply: ProviderReply) {
        if case .granted(let grant) = PollReply(reply) {
            #expect(grant.accessToken.revealed().allSatisfy { (0x21...0x7E).contains($0) })
            #expect(grant.expiresIn.map { $0 > 0 } ?? true)
        }
        if case .rejected(_, let detail) = RefreshReply(reply) { checkText(detail) }
        if case .refused(let detail) = RevocationReply(reply) { checkText(detail) }
        if let error = reply.error {
            checkText(error.code)
            checkText(error.detail ?? "")
        }
        if let device = try? DeviceAuthorization(reply) {
            checkText(device.userCode)
            checkText(device.verificationURI)
            #expect(device.interval > 0)
        }
        if let fields = reply.body.fields, let issuer = try? Issuer(parsing: "https://h.example"),
            let metadata = try? ServerMetadata(fields, askedFor: issuer)
        {
            checkText(metadata.tokenEndpoint?.text ?? "")
        }
    }

    private func checkText(_ text: String) {
        #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
        #expect(text.utf8.count <= 4_096)
    }
}
