internal import AgentSetup

extension SetupRemoval.Facts {
    /// Looks at what the record names. `state`: the directory of the agent's store and journal.
    init(record: SetupRecord, state: String) {
        self.init(record: record)
        for entry in record.entries where entry.kind.isFile {
            digests[entry.name] = SetupRecordFile.digest(of: entry.name)
        }
        let (store, journal) = (SetupShell.names(in: state + "/sealed"), SetupShell.names(in: state + "/journal"))
        self.store = store ?? []
        isStoreUsed =
            store.map { !$0.allSatisfy(["store.sealed", "marks.sealed"].contains) || !$0.isEmpty && journal != [] }
            ?? true
    }
}
