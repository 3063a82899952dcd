// The same by `require`, as an app that is still CommonJS loads an ES module.
const faces = {}
for (const subpath of process.argv.slice(2)) {
  try {
    faces[subpath] = Object.keys(require(subpath)).sort()
  } catch (error) {
    faces[subpath] = `${error.code ?? error.name}: ${error.message}`
  }
}
console.log(JSON.stringify(faces))
