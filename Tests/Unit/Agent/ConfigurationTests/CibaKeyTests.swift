import AgentAPI
import Configuration
import Foundation
import OAuth
import TestSupport
import Testing

/// The keys of CIBA and of authorization details in an account file.
struct CibaKeyTests {
    private static let good = "issuer = \"https://issuer.example/a\"\nclient_id = \"tv\"\n"

    private func load(_ lines: String) throws -> AccountSettings {
        let fixture = try AccountFiles()
        try fixture.write(Self.good + lines)
        return try #require(try fixture.directory.load(fixture.name))
    }

    @Test("the keys are read, and written as they were read")
    func keys() throws {
        let fixture = try AccountFiles()
        try fixture.write(
            Self.good
                + #"""
                scopes = ["mail"]
                store = "keyring"
                grant = "ciba"
                login_hint = '{"username":"ann"}'
                renew = "ciba"
                authorization_details = '[ {"type":"b","x":1}, {"type":"a"} ]'

                """#)
        let settings = try #require(try fixture.directory.load(fixture.name))
        #expect(settings.loginHint == #"{"username":"ann"}"#)
        #expect(settings.renewsByCiba)
        #expect(settings.authorizationDetails?.types == ["a", "b"])
        // CIBA requires it; the file stays as it is.
        #expect(settings.scopes == ["openid", "mail"])
        #expect(settings.keys.scopes == ["mail"])
        try fixture.directory.prepare(settings, for: fixture.name).commit()
        #expect(try fixture.directory.load(fixture.name) == settings)
    }

    @Test("without the keys nothing is renewed, and scopes are those of the file")
    func none() throws {
        let settings = try load("scopes = [\"mail\"]\n")
        #expect(!settings.renewsByCiba)
        #expect(settings.scopes == ["mail"])
        #expect(settings.scopes(for: .ciba) == ["openid", "mail"])
        #expect(settings.authorizationDetails == nil)
    }

    @Test(
        "what cannot work is refused with the line and the remedy",
        arguments: [
            ("grant = \"ciba\"\n", "needs a login hint"), ("renew = \"ciba\"\n", "needs a login hint"),
            ("login_hint = \"\"\n", "1 to 512 bytes"), ("login_hint = \"a\\u0007\"\n", "1 to 512 bytes"),
            ("renew = \"device\"\n", "not known"), ("authorization_details = \"{}\"\n", "not a JSON array"),
            ("authorization_details = \"[]\"\n", "empty array"), ("authorization_details = '[{\"a\":1}]'\n", "type"),
            ("authorization_details = '[{]'\n", "not JSON"),
        ])
    func refused(line: String, words: String) throws {
        let error = try AccountFiles().error(Self.good + line)
        #expect(error.line == 3, "\(error)")
        #expect(error.description.contains(words), "\(error)")
        #expect(!error.hint.isEmpty)
    }

    @Test("a login brings the hint and the details, and cannot have the agent ask from then on")
    func brought() throws {
        var keys = AccountKeys()
        var settings = LoginSettings()
        (settings.loginHint, settings.authorizationDetails) = ("ann", #"[{"type":"a"}]"#)
        try keys.take(settings)
        #expect(keys.loginHint == "ann")
        #expect(keys.authorizationDetails?.text == #"[{"type":"a"}]"#)
        #expect(keys.renew == nil)
        settings.authorizationDetails = "[1]"
        #expect(throws: AccountSettings.Invalid.self) { try keys.take(settings) }
        #expect(AccountKey.all.first { $0.name == "renew" }?.member == nil)
        // At another provider the user has another name.
        keys.renew = .ciba
        let kept = keys.kept(at: nil)
        #expect(kept.loginHint == nil && kept.renew == nil && kept.authorizationDetails == nil)
    }
}
