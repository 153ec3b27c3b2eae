import ArgumentParser

/// The store of a trial's login.
enum Store: String, CaseIterable, ExpressibleByArgument {
    case keyring
    case sealed
}
