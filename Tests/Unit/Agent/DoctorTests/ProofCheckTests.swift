import AgentAPI
import Doctor
import Foundation
import OAuth
import TestSupport
import Testing

/// Keys, assertions and subjects of accounts without a person.
struct ProofCheckTests {
    let robot: AccountName
    let person: AccountName
    let middle: AccountName

    init() throws {
        robot = try #require(AccountName("robot"))
        person = try #require(AccountName("person"))
        middle = try #require(AccountName("middle"))
    }

    @Test(
        "an assertion that ends within a minute is a warning, a later end and none are not",
        arguments: [
            (1_000_060, .ok), (1_000_059, .warning), (1_000_001, .warning), (nil, .ok),
        ] as [(Int?, DoctorCheck.State)])
    func assertion(end: Int?, state: DoctorCheck.State) {
        let check = DoctorCheck.accountAssertion(robot, "/run/token", expiresAt: end, at: 1_000_000)
        #expect(check.state == state && check.account == robot && check.id == .accountAssertion)
        #expect(check.detail.contains("/run/token"))
        #expect((check.hint == nil) == (state == .ok))
        #expect(check.detail.contains("1970-01-12T13:") == (end != nil))
    }

    @Test(
        "only a subject without a login is a problem; the hint is the login at the chain's end",
        arguments: AccountStatus.State.allCases)
    func subject(state: AccountStatus.State) {
        let check = DoctorCheck.accountSubject(robot, middle, person, state)
        let isMissing = [.loginRequired, .loginPending].contains(state)
        #expect(check.state == (isMissing ? .problem : .ok))
        #expect(check.hint == (isMissing ? "run 'authagent login person'" : nil))
        #expect(check.detail.contains("'middle'") && check.detail.contains("'person'"))
    }

    @Test("without an agent it is not known whether a subject has a login, which is not a problem")
    func unknownSubject() {
        let check = DoctorCheck.accountSubject(robot, person, person, nil)
        #expect(check.state == .ok && check.detail.hasSuffix("no agent knows whether it has a login"))
    }

    @Test("a refused key or assertion is a problem with the remedy of its failure")
    func refused() {
        let failure = ClientProofFailure("/run/key: the file contains a public key", hint: "use the private one")
        for check in [
            DoctorCheck.accountKey(robot, refused: failure), DoctorCheck.accountAssertion(robot, refused: failure),
        ] {
            #expect(check.state == .problem && check.detail == failure.problem && check.hint == failure.hint)
        }
    }
}
