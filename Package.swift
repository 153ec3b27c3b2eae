// swift-tools-version: 6.2

import PackageDescription

let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

// The client must start in a millisecond, so its release build is one static file with no dynamic loader.
let staticExecutable: [LinkerSetting] = [
    .unsafeFlags(["-static-executable"], .when(configuration: .release))
]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: [Target.Dependency] = [
    .product(name: "Crypto", package: "swift-crypto"),
    .product(name: "CryptoExtras", package: "swift-crypto"),
]
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nio: [Target.Dependency] = [
    .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
]
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let toml: Target.Dependency = .product(name: "TOMLKit", package: "TOMLKit")

let package = Package(
    name: "authagent",
    products: [
        .executable(name: "authagent", targets: ["authagent"]),
        .executable(name: "authagentd", targets: ["authagentd"]),
        .executable(name: "authagent-keyring", targets: ["authagent-keyring"]),
        .library(name: "AuthagentClient", targets: ["AuthagentClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    ],
    targets: [
        // The client: no adapter, no network library, no keyring.
        .executableTarget(
            name: "authagent",
            dependencies: [
                "AgentAPI", "AuthagentClient", "CEarlyProtection", "CLinux", "LocalSocket", argumentParser,
            ],
            swiftSettings: swift,
            linkerSettings: staticExecutable
        ),
        // The daemon: the only target that sees everything.
        .executableTarget(
            name: "authagentd",
            dependencies: [
                "Accounts", "Agent", "AgentAPI", "AgentServer", "Audit", "AuthagentClient", "CEarlyProtection",
                "CQuietDispatch", "CWipingHeap", "CurlTransport", "Doctor", "KeyringStore", "LocalSocket", "Metrics",
                "OAuth", "PeerIdentity", "Policy",
                "QRCode", "SealedFiles", "SealedJournal", "SealedStore",
                "SecretMemory",
                "Vault", argumentParser, lifecycle, logging,
                unixSignals,
            ],
            swiftSettings: swift
        ),
        // The keyring helper: libsecret lives and dies here.
        .executableTarget(
            name: "authagent-keyring",
            dependencies: ["CEarlyProtection", "CLinux", "CSecret", "CWipingHeap", "KeyringRecords", "SecretMemory"],
            swiftSettings: swift
        ),

        // Shared between the client and the daemon.
        .target(name: "AgentAPI", swiftSettings: swift),
        // A library for other packages too: nothing but the standard library and AgentAPI.
        .target(name: "AuthagentClient", dependencies: ["AgentAPI"], swiftSettings: swift),
        .target(name: "LocalSocket", dependencies: ["AuthagentClient", "CLinux"], swiftSettings: swift),
        .target(name: "CLinux"),
        // For the daemon alone: an idle one sleeps.
        .target(name: "CQuietDispatch"),
        // For the programs that hold refresh tokens: what libraries release is cleared.
        .target(name: "CWipingHeap"),
        // For the programs alone, and not for tests of what they are made of.
        .target(name: "CEarlyProtection"),

        // Pure: no adapter is imported here.
        .target(name: "SecretMemory", dependencies: ["CLinux"], swiftSettings: swift),
        .target(
            name: "SealedFiles", dependencies: ["LocalSocket", "SecretMemory"] + crypto, swiftSettings: swift
        ),
        .target(name: "OAuth", dependencies: ["SecretMemory"], swiftSettings: swift),
        .target(name: "Metrics", dependencies: ["AgentAPI"], swiftSettings: swift),
        .target(name: "Policy", dependencies: ["AgentAPI"], swiftSettings: swift),
        .target(name: "ClientKeys", dependencies: ["OAuth", "SecretMemory"] + crypto, swiftSettings: swift),
        .target(name: "IDToken", dependencies: ["OAuth", "SecretMemory"] + crypto, swiftSettings: swift),
        .target(
            name: "Accounts", dependencies: ["AgentAPI", "LocalSocket", "OAuth", "Policy", "SecretMemory", toml],
            swiftSettings: swift
        ),
        .target(name: "Vault", dependencies: ["AgentAPI", "OAuth", "SecretMemory"], swiftSettings: swift),
        .target(
            name: "Agent",
            dependencies: [
                "Accounts", "AgentAPI", "ClientKeys", "IDToken", "Metrics", "OAuth", "SecretMemory", "Vault", lifecycle,
                logging,
            ],
            swiftSettings: swift
        ),

        // What is asked of a sick machine, in the agent or without it.
        .target(
            name: "Doctor",
            dependencies: [
                "Accounts", "Agent", "AgentAPI", "LocalSocket", "OAuth", "SealedFiles", "SealedJournal", "Vault",
            ],
            swiftSettings: swift
        ),

        // Adapters: each depends on the module that owns its port.
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(
            name: "CurlTransport",
            dependencies: ["CCurl", "OAuth", "SecretMemory"],
            swiftSettings: swift
        ),
        .systemLibrary(name: "CSecret", pkgConfig: "libsecret-1", providers: [.apt(["libsecret-1-dev"])]),
        .target(name: "KeyringRecords", dependencies: ["SecretMemory"], swiftSettings: swift),
        .target(
            name: "KeyringStore",
            dependencies: [
                "AgentAPI", "CLinux", "KeyringRecords", "LocalSocket", "SecretMemory", "Vault",
            ],
            swiftSettings: swift
        ),
        .target(
            name: "SealedJournal",
            dependencies: ["AgentAPI", "OAuth", "SealedFiles", "SecretMemory", "Vault"] + crypto,
            swiftSettings: swift
        ),
        .target(
            name: "SealedStore", dependencies: ["AgentAPI", "SealedFiles", "SecretMemory", "Vault"] + crypto,
            swiftSettings: swift
        ),
        // A line of each decision.
        .target(
            name: "Audit", dependencies: ["AgentAPI", "LocalSocket", "OAuth", "Policy", logging], swiftSettings: swift
        ),
        // Who asks, from the kernel.
        .target(
            name: "PeerIdentity", dependencies: ["CLinux", "LocalSocket", "Policy"] + crypto, swiftSettings: swift
        ),
        .systemLibrary(name: "CQREncode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
        .target(name: "QRCode", dependencies: ["CQREncode"], swiftSettings: swift),
        // The description of the API, for programs; a C compiler puts it into the daemon as it is.
        .target(name: "COpenAPI", exclude: ["openapi.json"]),
        .target(
            name: "AgentServer",
            dependencies: [
                "AgentAPI", "CLinux", "COpenAPI", "Metrics", "OAuth", "Policy", "SecretMemory", lifecycle, logging,
            ] + nio,
            swiftSettings: swift
        ),

        // What the tests are made of: a demo issuer that is also the quickstart's, and fixtures for the real things.
        .target(name: "DemoIssuer", dependencies: nio + crypto, path: "Tests/DemoIssuer", swiftSettings: swift),
        .executableTarget(
            name: "demo-issuer",
            dependencies: ["DemoIssuer", argumentParser],
            path: "Tests/demo-issuer",
            swiftSettings: swift
        ),
        // What providers send, as facts for the tests and as seeds for reply-fuzz, which reads a million variations.
        .target(
            name: "ReplyCorpus",
            dependencies: ["Agent", "AgentAPI", "IDToken", "OAuth", "SecretMemory"],
            path: "Tests/ReplyCorpus",
            swiftSettings: swift
        ),
        .executableTarget(
            name: "reply-fuzz",
            dependencies: ["ReplyCorpus", argumentParser],
            path: "Tests/reply-fuzz",
            swiftSettings: swift
        ),
        .target(
            name: "AuthagentTestSupport",
            dependencies: [
                "AgentAPI", "AuthagentClient", "CLinux", "IDToken", "LocalSocket", "OAuth", "SecretMemory", "Vault",
            ] + crypto,
            path: "Tests/AuthagentTestSupport",
            swiftSettings: swift
        ),
        // What kills the agent at each system call of a refresh, and what becomes of the login.
        .executableTarget(name: "kill-at-syscall", path: "Tests/kill-at-syscall"),
        .executableTarget(
            name: "crash-matrix",
            dependencies: [
                "AgentAPI", "AuthagentTestSupport", "DemoIssuer", "ReplyCorpus", "SealedStore", "SecretMemory", "Vault",
                "authagent", "authagent-keyring", "authagentd", "kill-at-syscall", argumentParser,
            ],
            path: "Tests/crash-matrix",
            swiftSettings: swift
        ),
        // How fast it is: the client and the limit in C, so that neither is what is measured.
        .executableTarget(name: "bench-load", path: "Tests/bench-load"),
        .executableTarget(name: "bench-echo", path: "Tests/bench-echo"),
        .executableTarget(
            name: "bench",
            dependencies: [
                "AgentAPI", "AuthagentClient", "AuthagentTestSupport", "DemoIssuer", "SealedStore", "SecretMemory",
                "Vault",
                argumentParser,
            ],
            path: "Tests/bench",
            swiftSettings: swift
        ),

        // What another program of the same user tries in the moment after execve(2).
        .executableTarget(name: "exec-racer", path: "Tests/exec-racer"),
        // What counts secrets in the memory of a process.
        .executableTarget(name: "memory-search", path: "Tests/memory-search"),
        // What connects to the socket and then leaves or becomes another program.
        .executableTarget(name: "socket-actor", path: "Tests/socket-actor"),
        .executableTarget(name: "hanging-files", path: "Tests/hanging-files"),

        .testTarget(name: "AgentAPITests", dependencies: ["AgentAPI"], swiftSettings: swift),
        .testTarget(
            name: "AccountsTests",
            dependencies: ["Accounts", "AgentAPI", "AuthagentTestSupport", "OAuth", "SecretMemory"],
            swiftSettings: swift
        ),
        .testTarget(
            name: "AuthagentClientTests",
            dependencies: ["AgentAPI", "AuthagentClient", "AuthagentTestSupport", "LocalSocket"],
            swiftSettings: swift
        ),
        .testTarget(
            name: "LocalSocketTests",
            dependencies: ["AuthagentClient", "AuthagentTestSupport", "LocalSocket"],
            swiftSettings: swift
        ),
        .testTarget(
            name: "AgentServerTests",
            dependencies: [
                "AgentAPI", "AgentServer", "AuthagentClient", "AuthagentTestSupport", "LocalSocket", "Metrics",
                "PeerIdentity", "Policy", "socket-actor", lifecycle, logging,
            ],
            swiftSettings: swift
        ),
        .testTarget(
            name: "MetricsTests", dependencies: ["AuthagentTestSupport", "Metrics"], swiftSettings: swift
        ),
        .testTarget(
            name: "AuditTests",
            dependencies: ["AgentAPI", "Audit", "AuthagentTestSupport", "Policy", logging], swiftSettings: swift
        ),
        .testTarget(
            name: "PeerIdentityTests",
            dependencies: [
                "AuthagentClient", "AuthagentTestSupport", "CLinux", "LocalSocket", "PeerIdentity", "Policy",
                "socket-actor",
            ],
            swiftSettings: swift
        ),
        .testTarget(name: "PolicyTests", dependencies: ["AgentAPI", "Policy"], swiftSettings: swift),
        .testTarget(
            name: "OAuthTests",
            dependencies: ["OAuth", "ReplyCorpus", "SecretMemory"],
            swiftSettings: swift
        ),
        .testTarget(
            name: "ClientKeysTests",
            dependencies: ["AuthagentTestSupport", "ClientKeys", "OAuth", "SecretMemory"] + crypto,
            swiftSettings: swift
        ),
        .testTarget(
            name: "IDTokenTests",
            dependencies: ["AuthagentTestSupport", "IDToken", "OAuth", "SecretMemory"] + crypto,
            swiftSettings: swift
        ),
        .testTarget(
            name: "KeyringStoreTests",
            dependencies: [
                "AgentAPI", "AuthagentTestSupport", "KeyringRecords", "KeyringStore", "SecretMemory", "Vault",
                "authagent-keyring",
            ],
            swiftSettings: swift
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "AgentAPI", "AuthagentClient", "AuthagentTestSupport", "DemoIssuer", "LocalSocket", "authagent",
                "authagent-keyring", "authagentd", "bench", "bench-echo", "bench-load", "exec-racer",
                "memory-search",
            ],
            swiftSettings: swift
        ),
        .testTarget(
            name: "CurlTransportTests",
            dependencies: ["AuthagentTestSupport", "CLinux", "CurlTransport", "OAuth", "SecretMemory"],
            swiftSettings: swift
        ),
        .testTarget(name: "QRCodeTests", dependencies: ["QRCode"], swiftSettings: swift),
        .testTarget(
            name: "SealedJournalTests",
            dependencies: [
                "AgentAPI", "AuthagentTestSupport", "OAuth", "SealedFiles", "SealedJournal", "SecretMemory", "Vault",
            ],
            swiftSettings: swift
        ),
        .testTarget(
            name: "SealedFilesTests",
            dependencies: ["AuthagentTestSupport", "LocalSocket", "SealedFiles", "SecretMemory"],
            swiftSettings: swift
        ),
        .testTarget(
            name: "SealedStoreTests",
            dependencies: ["AgentAPI", "AuthagentTestSupport", "SealedFiles", "SealedStore", "SecretMemory", "Vault"],
            swiftSettings: swift
        ),
        .testTarget(
            name: "DoctorTests",
            dependencies: [
                "Accounts", "Agent", "AgentAPI", "AuthagentTestSupport", "Doctor", "OAuth", "SealedFiles",
                "SealedJournal", "SealedStore", "Vault",
            ],
            swiftSettings: swift
        ),
        .testTarget(
            name: "SecretMemoryTests", dependencies: ["CWipingHeap", "SecretMemory"], swiftSettings: swift
        ),
        .testTarget(
            name: "VaultTests",
            dependencies: ["AgentAPI", "AuthagentTestSupport", "OAuth", "SecretMemory", "Vault"],
            swiftSettings: swift
        ),
        .testTarget(
            name: "AgentTests",
            dependencies: [
                "Accounts", "Agent", "AgentAPI", "AuthagentTestSupport", "IDToken", "Metrics", "OAuth", "SealedStore",
                "SecretMemory", "Vault", logging,
            ],
            swiftSettings: swift
        ),
    ]
)
