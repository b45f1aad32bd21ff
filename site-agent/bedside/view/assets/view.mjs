// What pages do by themselves: the search in the list of children, and the sliders that lead all pictures of a child through
// the same slices. It asks this server for pictures and nothing else.

const search = document.querySelector('#search')
if (search !== null) startSearch(search)
const viewer = document.querySelector('#viewer')
if (viewer !== null) startViewer(viewer)

function startSearch(field) {
  const rows = [...document.querySelectorAll('#children tr')]
  const found = document.querySelector('#found')
  const filter = () => {
    const wanted = field.value.trim().toLowerCase()
    for (const row of rows) row.hidden = !row.dataset.id.toLowerCase().includes(wanted)
    found.textContent = wanted === '' ? '' : `${rows.filter((row) => !row.hidden).length} of ${rows.length}`
  }
  field.addEventListener('input', filter)
  filter()
}

function startViewer(section) {
  const pictures = [...section.querySelectorAll('img')]
  const [slice, dark, bright] = ['slice', 'dark', 'bright'].map((id) => section.querySelector(`#${id}`))
  const axisOf = () => section.querySelector('input[name=axis]:checked').value
  const edges = { axial: ['R', 'L'], coronal: ['R', 'L'], sagittal: ['A', 'P'] }

  const say = () => {
    section.querySelector('#slice-shown').textContent = `${Number(slice.value) + 1} of ${Number(slice.max) + 1}`
    section.querySelector('#dark-shown').textContent = dark.value
    section.querySelector('#bright-shown').textContent = bright.value
    for (const [side, name] of ['left', 'right'].entries()) {
      for (const mark of section.querySelectorAll(`.edge.${name}`)) mark.textContent = edges[axisOf()][side]
    }
  }

  // Only the newest wish of a picture is fetched: a slider that runs must not leave a queue behind.
  const fetchInto = (picture, address) => {
    picture.dataset.loading = address
    picture.src = address
  }
  const show = (picture) => {
    const { visit, kind } = picture.dataset
    const place = `${visit}/${kind}/${axisOf()}/${slice.value}`
    const address = `${section.dataset.base}/${place}?dark=${dark.value}&bright=${bright.value}`
    if (picture.dataset.loading === undefined) fetchInto(picture, address)
    else picture.dataset.next = address
  }
  const showAll = () => {
    say()
    for (const picture of pictures) show(picture)
  }
  const settle = ({ target: picture }) => {
    const { next } = picture.dataset
    delete picture.dataset.next
    delete picture.dataset.loading
    if (next !== undefined) fetchInto(picture, next)
  }

  // The wheel over a picture leads through the slices, as radiologists expect.
  const turn = (event) => {
    event.preventDefault()
    slice.value = String(Number(slice.value) + Math.sign(event.deltaY))
    showAll()
  }
  for (const picture of pictures) {
    picture.addEventListener('load', settle)
    picture.addEventListener('error', settle)
    picture.addEventListener('wheel', turn, { passive: false })
  }

  slice.addEventListener('input', showAll)
  // Black stays below white by a step at least: whichever is moved stops there.
  dark.addEventListener('input', () => {
    dark.value = String(Math.min(Number(dark.value), Number(bright.value) - Number(bright.step)))
    showAll()
  })
  bright.addEventListener('input', () => {
    bright.value = String(Math.max(Number(bright.value), Number(dark.value) + Number(dark.step)))
    showAll()
  })
  for (const radio of section.querySelectorAll('input[name=axis]')) {
    radio.addEventListener('change', () => {
      const count = Number(section.dataset[axisOf()])
      slice.max = String(count - 1)
      slice.value = String(Math.floor(count / 2))
      showAll()
    })
  }
}
