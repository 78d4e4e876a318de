(function(){
'use strict';
var root=document.documentElement,id=function(n){return document.getElementById(n)},all=function(q){return [].slice.call(document.querySelectorAll(q))};
var rows=all('[data-row]'),events=all('.st .ev'),slider=id('sl'),said=id('so'),at=rows.length;
function show(place,mark){
 at=Math.max(1,Math.min(rows.length,place));
 var row=rows[at-1],step=+row.dataset.row;
 slider.value=at;
 said.textContent='Step '+step+(at===rows.length?' (all)':'')+': '+row.querySelector('.tx b').textContent;
 events.forEach(function(e){e.classList.toggle('off',+e.dataset.step>step)});
 rows.forEach(function(r){if(r===row){r.classList.add('cur');r.setAttribute('aria-current','step')}else{r.classList.remove('cur');r.removeAttribute('aria-current')}});
 if(mark){try{history.replaceState(null,'','#step='+step)}catch(e){}}
}
function find(step){for(var i=0;i<rows.length;i++){if(+rows[i].dataset.row>=step)return i+1}return rows.length}
function linked(){var m=/^#step=(\d+)$/.exec(location.hash);return m?find(+m[1]):0}
if(rows.length&&slider){
 id('ctl').hidden=false;
 slider.addEventListener('input',function(){show(+slider.value,true)});
 id('pv').addEventListener('click',function(){show(at-1,true)});
 id('nx').addEventListener('click',function(){show(at+1,true)});
 all('[data-go]').forEach(function(b){b.addEventListener('click',function(){show(find(+b.dataset.go),true)})});
 addEventListener('hashchange',function(){if(linked())show(linked(),false)});
 show(linked()||rows.length,false);
}
function theme(){
 var now=root.dataset.theme||(matchMedia('(prefers-color-scheme:dark)').matches?'dark':'light');
 root.dataset.theme=now==='dark'?'light':'dark';
}
id('th').hidden=false;
id('th').addEventListener('click',theme);
document.addEventListener('keydown',function(e){
 var t=e.target;
 if(e.ctrlKey||e.metaKey||e.altKey||/^(INPUT|TEXTAREA|SELECT)$/.test(t.tagName))return;
 if(e.key==='d'){theme();return}
 if(!rows.length)return;
 var scrolls=t.getAttribute&&t.getAttribute('role')==='region';
 var to={j:at+1,k:at-1}[e.key];
 if(!scrolls&&to===undefined)to={ArrowRight:at+1,ArrowLeft:at-1,Home:1,End:rows.length}[e.key];
 if(to!==undefined){show(to,true);e.preventDefault()}
});
all('[data-copy]').forEach(function(b){
 b.hidden=false;
 b.addEventListener('click',function(){
  var from=id(b.dataset.copy),done=function(word){b.textContent=word;setTimeout(function(){b.textContent='Copy'},1600)};
  var fall=function(){var r=document.createRange();r.selectNodeContents(from);var s=getSelection();s.removeAllRanges();s.addRange(r);done('Selected')};
  if(navigator.clipboard){navigator.clipboard.writeText(from.textContent).then(function(){done('Copied')},fall)}else{fall()}
 });
});
root.dataset.script='on';
})();
