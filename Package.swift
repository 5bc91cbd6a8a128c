// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target of the suite is compiled alike: Swift 6 mode, imports that state their level.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "Rapport",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .systemLibrary(name: "CNghttp2", path: "Shared/CNghttp2", pkgConfig: "libnghttp2"),
    .systemLibrary(name: "CProtobufC", path: "Shared/CProtobufC", pkgConfig: "libprotobuf-c"),
    .systemLibrary(name: "CPostgres", path: "Shared/CPostgres", pkgConfig: "libpq"),
    .systemLibrary(name: "CRoaring", path: "Shared/CRoaring"),
    .systemLibrary(name: "CZlib", path: "Shared/CZlib", pkgConfig: "zlib"),
    .target(name: "Messages", path: "Shared/Messages", swiftSettings: strict),
    .target(
      name: "RPC",
      dependencies: [
        "CNghttp2", "CZlib", "Messages",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      path: "Shared/RPC", swiftSettings: strict),
    .target(
      name: "HTTP",
      dependencies: [
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      path: "Shared/HTTP", swiftSettings: strict),
    .target(
      name: "UserTables", dependencies: ["Database", "Messages", "Values"], path: "Shared/UserTables",
      swiftSettings: strict
    ),
    .target(name: "Populations", dependencies: ["CRoaring"], path: "Shared/Populations", swiftSettings: strict),
    .target(name: "Values", path: "Shared/Values", swiftSettings: strict),
    .target(
      name: "Database",
      dependencies: [
        "CPostgres",
        "Values",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Shared/Database",
      swiftSettings: strict
    ),
    .target(
      name: "DatabaseTesting",
      dependencies: ["Database", .product(name: "Logging", package: "swift-log")],
      path: "Tests/Support/DatabaseTesting",
      swiftSettings: strict
    ),
    .testTarget(
      name: "PopulationsTests", dependencies: ["Populations"], path: "Tests/PopulationsTests", swiftSettings: strict),
    .testTarget(name: "ValuesTests", dependencies: ["Values"], path: "Tests/ValuesTests", swiftSettings: strict),
    .testTarget(
      name: "DatabaseTests",
      dependencies: [
        "Database", "DatabaseTesting", "Values",
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/DatabaseTests",
      swiftSettings: strict
    ),
  ]
)
