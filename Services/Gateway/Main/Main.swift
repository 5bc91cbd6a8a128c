import Gateway
import ServiceKit

@main struct Main {
  static func main() async {
    await Service.run(.gateway, migrations: Gateway.migrations) {
      try GatewayConfiguration(from: $0)
    } build: { context, configuration in
      try await Gateway(context, configuration).parts()
    }
  }
}
