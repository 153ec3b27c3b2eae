internal import Formats
package import OAuth

/// The time of a reply by the provider's clock, and its earliest and latest time by this one, in seconds since 1970.
package struct ClockFacts: Equatable, Sendable {
    package var date: Int
    package var sent: Int
    package var received: Int

    package init(date: Int, sent: Int, received: Int) { (self.date, self.sent, self.received) = (date, sent, received) }

    package init?(_ response: HTTPResponse, sent: Int, received: Int) {
        guard let date = response.header("Date").flatMap(IMFDate.seconds) else { return nil }
        // RFC 9111 §4.2.3: a cached reply was created `Age` seconds ago.
        let age = response.header("Age").flatMap { Int($0) } ?? 0
        self.init(date: date + min(max(age, 0), 1 << 31), sent: sent, received: received)
    }

    /// How far this clock is ahead of the provider's; negative if it is behind.
    package var ahead: Int {
        if date < sent { return sent - date }
        return date > received ? received - date : 0
    }
}
