/// What happens to a fleet, and the rows of the table that come of it.
struct Scenario {
    enum Kind {
        case day
        case outage(minutes: Double, Provider.Failure)
        case restart
        case logins
    }

    let name: String
    let kind: Kind

    static let all: [Scenario] = {
        var all = [Scenario(name: "normal day", kind: .day)]
        for minutes in [10.0, 30, 240] {
            let length = minutes < 60 ? "\(Int(minutes)) min" : "\(Int(minutes / 60)) h"
            for failure in Provider.Failure.allCases {
                let name = "outage of \(length), \(failure.rawValue)"
                all.append(Scenario(name: name, kind: .outage(minutes: minutes, failure)))
            }
        }
        all.append(Scenario(name: "restart of all at once", kind: .restart))
        all.append(Scenario(name: "logins of all in a minute", kind: .logins))
        return all
    }()

    func run(_ parameters: Fleet.Parameters) throws -> [Row] {
        var fleet = try Fleet(parameters)
        switch kind {
        case .day: return day(&fleet)
        case .outage(let minutes, let failure): return outage(&fleet, minutes: minutes, failure)
        case .restart: return restart(&fleet)
        case .logins: return logins(&fleet)
        }
    }

    /// In the middle of a morning's work.
    private static let moment: Moment = .hours(10)

    /// Has all machines log in during the hour that begins at `begin`, as if that were not today.
    private func prepare(_ fleet: inout Fleet, at begin: Moment) {
        fleet.logInUnseen(from: begin, over: .hours(1))
    }

    private func day(_ fleet: inout Fleet) -> [Row] {
        prepare(&fleet, at: .hours(20))
        fleet.run(to: .day)
        fleet.mark = .day
        fleet.run(to: 2 * .day)
        fleet.noteExpiries(at: 2 * .day)
        return [Row(name, fleet, from: .day, to: 2 * .day)]
    }

    private func outage(_ fleet: inout Fleet, minutes: Double, _ failure: Provider.Failure) -> [Row] {
        let end = Self.moment + .minutes(minutes)
        fleet.provider.outage = Provider.Outage(period: Self.moment..<end, failure: failure)
        fleet.mark = end
        prepare(&fleet, at: .hours(4))
        fleet.run(to: end)
        let recovered = fleet.run(to: end + .hours(8), untilServed: true)
        fleet.run(to: max(recovered, end + .hours(1)))
        fleet.noteExpiries(at: max(recovered, end + .hours(1)))
        return [Row(name, fleet, from: end, to: recovered, isRecovery: true)]
    }

    private func restart(_ fleet: inout Fleet) -> [Row] {
        prepare(&fleet, at: .hours(4))
        fleet.run(to: Self.moment)
        fleet.mark = Self.moment
        fleet.restart(at: Self.moment, programsWithin: .seconds(30))
        return rows(&fleet)
    }

    private func logins(_ fleet: inout Fleet) -> [Row] {
        fleet.logIn(from: Self.moment, over: .minutes(1))
        return rows(&fleet)
    }

    /// The rows of what begins for all at once, and of what is left of it after hours.
    private func rows(_ fleet: inout Fleet) -> [Row] {
        let served = fleet.run(to: Self.moment + .hours(8), untilServed: true)
        var rows = [Row(name, fleet, from: Self.moment, to: served, servedAt: served)]
        for (hours, title) in [(1.0, "1st and 2nd hour"), (7.0, "7th and 8th hour")] {
            let begin = max(served, Self.moment + .hours(hours - 1))
            fleet.run(to: Self.moment + .hours(hours + 1))
            rows.append(Row("— \(title)", fleet, from: begin, to: Self.moment + .hours(hours + 1)))
        }
        return rows
    }
}
