import AgentAPI
import Testing

struct LoginEventTests {
    private static let work = AccountName("work") ?? { preconditionFailure("a good name") }()

    static let events: [LoginEvent] = [
        .prompt(
            LoginPrompt(
                userCode: "A-B", verificationURI: "https://i/d", verificationURIComplete: nil, expiresIn: 600,
                interval: 5
            )
        ),
        .slowed(interval: 10),
        .retrying(detail: "no route"),
        .resumed,
        .done(LoginResult(account: work, scope: "openid", expiresAt: 1)),
        .failed(LoginFailure(code: "access_denied", detail: "d", hint: "h")),
    ]

    @Test("an event is decoded as it was encoded", arguments: events)
    func roundTrip(event: LoginEvent) throws {
        #expect(try APIJSON.decode(LoginEvent.self, from: APIJSON.encode(fixed: event)) == event)
    }

    @Test("the lines are the documented ones")
    func lines() {
        #expect(
            Self.events.map { APIJSON.text(fixed: $0) } == [
                #"{"event":"prompt","expires_in":600,"interval":5,"user_code":"A-B","verification_uri":"https://i/d"}"#,
                #"{"event":"slowed","interval":10}"#,
                #"{"detail":"no route","event":"retrying"}"#,
                #"{"event":"resumed"}"#,
                #"{"account":"work","event":"done","expires_at":1,"scope":"openid"}"#,
                #"{"code":"access_denied","detail":"d","event":"failed","hint":"h"}"#,
            ])
    }
}
