import ArgumentParser

/// Where the login of a trial is kept.
enum Store: String, CaseIterable, ExpressibleByArgument {
    case keyring
    case sealed
}
