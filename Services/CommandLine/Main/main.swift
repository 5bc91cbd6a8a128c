import CommandLineTool

await RapportCommand.main()
