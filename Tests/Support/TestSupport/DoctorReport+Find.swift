public import AgentAPI

extension DoctorReport {
    /// The checks with that id.
    public subscript(_ id: DoctorCheck.ID) -> [DoctorCheck] { checks.filter { $0.id == id } }

    public var problems: [DoctorCheck] { checks.filter { $0.state == .problem } }
}
