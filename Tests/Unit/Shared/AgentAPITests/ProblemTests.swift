import AgentAPI
import Testing

struct ProblemTests {
    @Test("every problem has an HTTP error status and its documented exit code")
    func codes() {
        for code in Problem.Code.allCases { #expect((400...599).contains(code.httpStatus)) }
        #expect(Problem.Code.loginRequired.exitCode.rawValue == 3)
        #expect(Problem.Code.forbidden.exitCode.rawValue == 5)
        #expect(Problem.Code.providerUnreachable.exitCode.rawValue == 6)
        #expect(Problem.Code.storeLocked.exitCode.rawValue == 7)
        #expect(Problem.Code.storeUnavailable.exitCode.rawValue == 7)
        #expect(Problem.Code.unknownAccount.exitCode.rawValue == 1)
    }

    @Test("a problem is encoded with its documented members")
    func members() {
        let problem = Problem(.loginRequired, "no login for 'work'", hint: "run it", reason: "not_logged_in")
        #expect(
            APIJSON.text(fixed: problem)
                == #"{"code":"login_required","detail":"no login for 'work'","hint":"run it","reason":"not_logged_in"}"#
        )
    }
}
