import ArgumentParser
import DemoIssuer
import Foundation

/// The grants without a person, and how their replies are wrong.
struct MachineOptions: ParsableArguments {
    @Flag(help: "Offer client credentials, JWT bearer and token exchange.")
    var machines = false

    @Option(help: "A trusted issuer of assertions, and the file of its key set: ISSUER,FILE.", transform: keySet)
    var assertionIssuer: [KeySet] = []

    @Option(help: "A target that an exchange may name; without one, any.")
    var target: [String] = []

    @Option(help: "A scope that can be requested; without one, any.")
    var machineScope: [String] = []

    @Flag(help: "Issue access tokens as JWTs.")
    var webTokens = false

    @Option(help: "Refuse each request with this error.")
    var refuse: String?

    @Option(help: "The issued_token_type of replies; 'none' leaves it out.")
    var issuedTokenType: String?

    @Option(help: "The token_type of replies; 'none' leaves it out.")
    var tokenType: String?

    @Option(help: "The scope of replies, whatever was requested; 'none' leaves it out.")
    var grantedScope: String?

    @Flag(help: "Leave out expires_in.")
    var noLifetime = false

    @Flag(help: "Add a refresh token to replies.")
    var strayRefreshToken = false

    struct KeySet {
        let issuer: String
        let text: String
    }

    private static func keySet(_ text: String) throws -> KeySet {
        let parts = text.split(separator: ",", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw ValidationError("not ISSUER,FILE: \(text)") }
        return KeySet(issuer: parts[0], text: try String(contentsOfFile: parts[1], encoding: .utf8))
    }

    /// `nil` if these grants are not offered.
    var rules: DemoIssuer.MachineRules? {
        guard machines else { return nil }
        var rules = DemoIssuer.MachineRules()
        rules.assertionIssuers = Dictionary(assertionIssuer.map { ($0.issuer, $0.text) }) { $1 }
        rules.targets = target.isEmpty ? nil : Set(target)
        rules.scopes = machineScope.isEmpty ? nil : Set(machineScope)
        rules.hasWebTokens = webTokens
        rules.error = refuse
        rules.reply.issuedTokenType = Self.value(issuedTokenType)
        rules.reply.tokenType = Self.value(tokenType)
        rules.reply.scope = Self.value(grantedScope)
        rules.reply.hasLifetime = !noLifetime
        rules.reply.hasRefreshToken = strayRefreshToken
        return rules
    }

    private static func value(_ text: String?) -> DemoIssuer.ReplyValue {
        switch text {
        case nil: .right
        case "none"?: .absent
        case let text?: .other(text)
        }
    }
}
