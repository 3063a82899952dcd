/** The template's own test file, run here as it is copied: on the built package, by its name. */
import '../../adapters/template/template.test.ts'
