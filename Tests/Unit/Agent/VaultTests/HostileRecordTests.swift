import AgentAPI
import Foundation
import OAuth
import SecretMemory
import Testing
import Vault

/// Records that another program of the user has written into the store.
struct HostileRecordTests {
    private func text(_ changes: [String: Any]) throws -> String {
        var members: [String: Any] = [
            "version": 1, "account": "work", "generation": 1, "issuer": "https://issuer.example", "client_id": "tv",
            "refresh_token": "r1", "scope": ["read"], "granted_at": 0, "scope_named": true,
        ]
        members.merge(changes) { $1 }
        return String(decoding: try JSONSerialization.data(withJSONObject: members), as: UTF8.self)
    }

    private func credential(_ changes: [String: Any]) throws -> Credential? {
        let fixture = try VaultFixture()
        return Credential(
            StoredRecord(key: fixture.key, issuer: "https://issuer.example", secret: SecretBytes(try text(changes))))
    }

    @Test("malformed scopes are dropped, and the rest does not count as named by the provider")
    func scopes() throws {
        let good = try #require(try credential([:]))
        #expect(good.scope == ["read"] && good.isScopeNamed)
        let attacks = [
            "\u{1b}]0;x\u{7}", "a\u{9b}31m", "\u{202e}x", "ä", "", "a b", "a\r\nb", String(repeating: "x", count: 300),
        ]
        for attack in attacks {
            let credential = try #require(try credential(["scope": ["read", attack]]))
            #expect(credential.scope == ["read"], "\(attack.debugDescription)")
            #expect(!credential.isScopeNamed)
        }
        let many = try #require(try credential(["scope": Array(repeating: "s", count: 200_000)]))
        #expect(many.scope.count <= 32_768 && !many.isScopeNamed)
    }

    @Test(
        "a record whose access token does not fit in a header is not read",
        arguments: ["a\r\nX: y", "a b", "", "\u{1b}[2J", "ä", String(repeating: "x", count: 65 * 1024)])
    func accessToken(text: String) throws {
        #expect(try credential(["access_token": text, "refresh_token": NSNull()]) == nil)
        #expect(try credential(["access_token": "a1", "refresh_token": NSNull()])?.lastingAccessToken != nil)
    }

    @Test("how and when the user authenticated is read as not known if no provider can have sent it")
    func authentication() throws {
        func identity(_ acr: String, _ time: Int) throws -> Identity? {
            try credential([
                "identity": [
                    "issuer": "i", "subject": "s", "audience": ["tv"], "acr": acr, "auth_time": time,
                ] as [String: Any]
            ])?.identity
        }
        #expect(try identity("phr", 7)?.authentication == Identity.Authentication(context: "phr", time: 7))
        for acr in ["", "a b", "\u{1b}[2J", "ä", String(repeating: "x", count: 257)] {
            #expect(try identity(acr, 7)?.authentication == Identity.Authentication(time: 7), "\(acr.debugDescription)")
        }
        for time in [-1, Int.max] { #expect(try identity("phr", time)?.authentication.time == nil) }
    }

    @Test(
        "a record with members of another type, or another account's name, is not read",
        arguments: [
            ["account": "other"], ["account": "../x"], ["account": "work\u{0}"], ["scope": "read"],
            ["scope_named": "yes"], ["generation": -1], ["generation": 1.5], ["granted_at": "0"],
            ["identity": ["issuer": "i"]], ["issuer": NSNull()], ["version": true],
        ] as [[String: any Sendable]])
    func wrong(changes: [String: any Sendable]) throws {
        #expect(try credential(changes) == nil)
    }

    @Test("a record that nests too deep, or is too large, is not read and does not crash")
    func large() async throws {
        let fixture = try VaultFixture()
        for body in [
            String(repeating: "[", count: 100_000),
            #"{"version":1,"x":"# + String(repeating: #"{"a":"#, count: 50_000),
            String(repeating: "1", count: 1 << 20),
        ] {
            #expect(
                Credential(StoredRecord(key: fixture.key, issuer: "i", secret: SecretBytes(body))) == nil)
        }
    }
}
