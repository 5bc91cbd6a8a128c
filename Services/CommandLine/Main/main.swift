import CommandLineTool

await Rapport.main()
