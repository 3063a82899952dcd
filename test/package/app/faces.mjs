// Imports each of the subpaths it is given and prints the names that they export, or why there are none.
const faces = {}
for (const subpath of process.argv.slice(2)) {
  try {
    faces[subpath] = Object.keys(await import(subpath)).sort()
  } catch (error) {
    faces[subpath] = `${error.code ?? error.name}: ${error.message}`
  }
}
console.log(JSON.stringify(faces))
