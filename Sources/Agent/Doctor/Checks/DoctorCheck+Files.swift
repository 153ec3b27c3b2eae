package import AgentAPI
package import Configuration
internal import Formats
internal import Glibc
internal import OAuth
internal import System

extension DoctorCheck {
    package static func settings(_ result: Result<DaemonSettings, ConfigurationError>) -> DoctorCheck {
        switch result {
        case .success: DoctorCheck(.filesSettings, .ok, "authagent.toml is valid or absent")
        case .failure(let error): DoctorCheck(.filesSettings, .problem, error.description, hint: error.hint)
        }
    }

    /// Checks the user's directories: others must not be able to place an account file.
    package static func configuration(_ paths: UserPaths) -> DoctorCheck {
        for directory in [paths.configuration, paths.configuration + "/accounts"] {
            do throws(ConfigurationError) { try AccountDirectory.requirePrivate(directory) } catch {
                return DoctorCheck(.filesConfiguration, .problem, error.description, hint: error.hint)
            }
        }
        return DoctorCheck(.filesConfiguration, .ok, "only you may write to \(paths.configuration)")
    }

    /// Checks the state directory. A missing one is created at the agent's start.
    package static func state(_ directory: String) -> DoctorCheck {
        do throws(LocalSocketError) {
            try OwnedPaths.require([PrivateDirectory.parent(of: directory)])
            try PrivateDirectory.check(directory)
        } catch .directoryMissing {
            return DoctorCheck(.filesState, .ok, "\(directory) is created when an agent starts")
        } catch {
            return DoctorCheck(.filesState, .problem, error.description, hint: error.hint)
        }
        guard access(directory, W_OK) == 0 else {
            return DoctorCheck(
                .filesState, .problem, "\(directory) cannot be written to", hint: "check who may write to \(directory)"
            )
        }
        return DoctorCheck(.filesState, .ok, "only you may enter \(directory)")
    }

    /// Returns a problem if the agent's lock cannot be taken, so that it would not start; `nil` if it can.
    package static func lock(_ path: String) -> DoctorCheck? {
        do throws(LocalSocketError) { try FileLock.requireUsable(path) } catch {
            return DoctorCheck(.agentRunning, .problem, error.description, hint: error.hint)
        }
        return nil
    }

    package static func accountFile(_ account: AccountName, _ settings: AccountSettings) -> DoctorCheck {
        DoctorCheck(
            .accountFile, .ok, "\(settings.providerName), store \(settings.store.rawValue)", account: account
        )
    }

    package static func accountFile(_ account: AccountName, refused error: ConfigurationError) -> DoctorCheck {
        DoctorCheck(
            .accountFile, .problem, DisplayText.clean(error.description, limit: 600), hint: error.hint,
            account: account
        )
    }

    package static func accountSecret(
        _ account: AccountName, _ file: String, refused error: ConfigurationError?
    ) -> DoctorCheck {
        guard let error else {
            return DoctorCheck(.accountSecret, .ok, "the client secret is in \(file)", account: account)
        }
        return DoctorCheck(.accountSecret, .problem, error.description, hint: error.hint, account: account)
    }

    /// `network.ca_file` replaces the system's certificates: if it is missing, no provider is trusted.
    package static func certificates(_ facts: NetworkFacts) -> DoctorCheck? {
        guard let file = facts.certificates, let source = facts.certificatesSource else { return nil }
        guard facts.areCertificatesReadable else {
            return DoctorCheck(
                .networkCertificates, .problem, "\(file) (\(source)) cannot be read",
                hint: "run 'ls -l \(file)' to see why"
            )
        }
        return DoctorCheck(.networkCertificates, .ok, "\(file) (\(source)) decides which providers are trusted")
    }

    package static func proxy(_ facts: NetworkFacts) -> DoctorCheck {
        guard let proxy = facts.proxy, let source = facts.proxySource else {
            return DoctorCheck(.networkProxy, .ok, "no proxy")
        }
        let exceptions = facts.noProxy.map { ", except to \(DisplayText.clean($0))" } ?? ""
        return DoctorCheck(.networkProxy, .ok, "https goes through \(proxy) (\(source))\(exceptions)")
    }
}
