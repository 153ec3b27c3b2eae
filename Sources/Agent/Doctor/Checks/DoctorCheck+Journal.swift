package import AgentAPI
internal import Formats
internal import OAuth
package import System
package import Vault

extension DoctorCheck {
    /// In seconds. A refresh takes at most 30 s and the copy into the keyring 5 s; younger entries may be a running
    /// agent's work.
    private static let work = 120

    /// Checks the journal's entries. `accounts` are those with a file.
    package static func journal(
        _ survey: JournalSurvey?, accounts: Set<AccountName>, at now: Int, isAgent: Bool
    ) -> [DoctorCheck] {
        guard let survey else { return [DoctorCheck(.journalWaiting, .ok, "there is no rotation journal yet")] }
        var checks: [DoctorCheck] = survey.failures.map { journalFiles(refused: $0) }
        if !survey.foreign.isEmpty {
            let files = DisplayText.clean(survey.foreign.joined(separator: " "))
            checks.append(
                DoctorCheck(
                    .journalFiles, .warning,
                    "there are files in the rotation journal that are not the agent's: \(files)",
                    hint: "move them away"
                ))
        }
        for entry in survey.accounts {
            // The file's time can be set to any value.
            let age = now - max(entry.since, 0)
            if !accounts.contains(entry.account) {
                checks.append(orphaned(entry))
            } else if !isAgent || age > work {
                checks.append(waiting(entry, for: age, isAgent: isAgent))
            }
        }
        return checks.isEmpty ? [DoctorCheck(.journalWaiting, .ok, "no refresh token waits for its store")] : checks
    }

    package static func journalFiles(refused failure: Fault) -> DoctorCheck {
        DoctorCheck(.journalFiles, .problem, failure.problem, hint: failure.hint)
    }

    private static func orphaned(_ entry: JournalSurvey.Account) -> DoctorCheck {
        DoctorCheck(
            .journalOrphaned, .warning, "the rotation journal has a refresh token of an account without a file",
            hint: "put the account's file back, or, to discard its login, run"
                + " 'rm \(entry.files.joined(separator: " "))'",
            account: entry.account
        )
    }

    private static func waiting(_ entry: JournalSurvey.Account, for seconds: Int, isAgent: Bool) -> DoctorCheck {
        let what =
            entry.hasRotated
            ? "a new refresh token waits for its store" : "a refresh was started, and its result is unknown"
        return DoctorCheck(
            .journalWaiting, .warning, "\(what) (for \(max(0, seconds) / 60) min)",
            hint: isAgent
                ? "repair the store; 'authagent status \(entry.account)' shows what is wrong with it"
                : "run 'authagent token \(entry.account)': the agent continues from there",
            account: entry.account
        )
    }
}
